// Writes an export: everything into a temporary folder first, which is then renamed; never over files of others.

import { randomUUID } from "node:crypto";
import { lstat, mkdir, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../../shared/lib/user-error.ts";
import { explainFileError } from "../files.ts";
import { withLock } from "../lock.ts";
import { EXPORTS, type Run } from "../runs/index.ts";
import { hash, listForeign, MANIFEST, requireOwnFolder } from "./place.ts";
import { buildTree, type ExportOptions, type ExportTree, type PreparedExport, prepareExport } from "./plan.ts";

/** What follows the folder's own name in the names of `besides`. */
const LEFT = /^[0-9a-f-]{36}\.(tmp|old)$/;

export type ExportResult = {
  readonly dir: string;
  readonly tree: ExportTree;
  /** Values that clipping changed. */
  readonly clipped: number;
};

export type ExportControl = {
  /** Hears how many of the files are written. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the export after the file at hand; nothing of it is left then. */
  readonly signal?: AbortSignal;
};

/**
 * Writes the set, its README and export.json into `dir`, replacing an earlier export there as a whole. Throws
 * UserError "folder-not-empty" when `dir` holds anything else, "no-space" on a full disk; the earlier export stays then.
 */
export async function exportRun(
  run: Run,
  options: ExportOptions,
  { onProgress, signal }: ExportControl = {},
): Promise<ExportResult> {
  const { dir, files, formats, results } = await prepareExport(run, options);
  // Beside the folder, since the folder itself is replaced; nobody else's work is swept then.
  const work = async (): Promise<ExportResult> => {
    await recover(dir);
    await requireOwnFolder(dir);
    const temporary = besides(dir, "tmp");
    try {
      await mkdir(temporary);
      const written: { path: string; size: number; isExact: boolean }[] = [];
      const hashes: Record<string, string> = {};
      for (const { path, make } of files) {
        const bytes = await make();
        await writeNew(temporary, path, bytes);
        written.push({ path, size: bytes.length, isExact: true });
        hashes[path] = hash(bytes);
        onProgress?.(written.length, files.length);
        signal?.throwIfAborted();
      }
      await writeNew(temporary, MANIFEST, encodeManifest(run, formats, hashes));
      await replaceFolder(dir, temporary);
      return { dir, tree: buildTree(dir, written), clipped: results.pixels.clipped };
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  };
  try {
    return await withLock(join(dirname(dir), `.${basename(dir)}.lock`), work);
  } catch (error) {
    throw explainExportError(error, dir);
  }
}

/** That a place may not be written is about the folder that was chosen, not about the file that noticed it. */
function explainExportError(error: unknown, dir: string): unknown {
  const { code } = ((error instanceof UserError ? error.cause : error) ?? {}) as NodeJS.ErrnoException;
  if (code !== "EACCES" && code !== "EPERM" && code !== "EROFS") return explainFileError(error, dir);
  const why = code === "EROFS" ? "it lies on a read-only disk" : "you may not write there";
  return new UserError("not-writable", `${dir} cannot be written: ${why}.`, "Choose another folder.", { cause: error });
}

/** Deletes the export in the run's own folder. Throws UserError "folder-not-empty" when it holds anything else. */
export async function deleteExport(run: Run): Promise<void> {
  const dir = join(run.path, EXPORTS, "set");
  await withLock(join(dirname(dir), `.${basename(dir)}.lock`), async () => {
    await requireOwnFolder(dir);
    await rm(dir, { recursive: true, force: true });
  }).catch((error) => {
    throw explainExportError(error, dir);
  });
}

/** Puts right what a killed export left beside `dir`: the earlier folder is put back, or goes when the new one stands. */
async function recover(dir: string): Promise<void> {
  const parent = dirname(dir);
  for (const name of await readdir(parent)) {
    const [, ending] =
      LEFT.exec(name.startsWith(`.${basename(dir)}.`) ? name.slice(basename(dir).length + 2) : "") ?? [];
    if (ending === undefined) continue;
    const left = join(parent, name);
    if (ending === "tmp") await rm(left, { recursive: true, force: true });
    else if ((await lstat(dir).catch(() => undefined)) === undefined) await rename(left, dir);
    else if ((await listForeign(left)).length === 0) await rm(left, { recursive: true, force: true });
  }
}

function encodeManifest(run: Run, formats: PreparedExport["formats"], files: Record<string, string>): Uint8Array {
  const manifest = { version: 1, run: run.record.id, formats: formats.map(({ id }) => id), files };
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}

/** The same files one after the other, without writing them, for an archive. */
export async function* listExportFiles(
  run: Run,
  options: ExportOptions,
): AsyncGenerator<{ path: string; bytes: Uint8Array }, void, undefined> {
  const { files, formats } = await prepareExport(run, options);
  const hashes: Record<string, string> = {};
  for (const { path, make } of files) {
    const bytes = await make();
    hashes[path] = hash(bytes);
    yield { path, bytes };
  }
  yield { path: MANIFEST, bytes: encodeManifest(run, formats, hashes) };
}

/** Puts `temporary` in the place of `dir`; the earlier folder goes only when the new one stands. */
async function replaceFolder(dir: string, temporary: string): Promise<void> {
  const isThere = (await lstat(dir).catch(() => undefined)) !== undefined;
  if (!isThere) return rename(temporary, dir);
  if ((await readdir(dir)).length === 0) {
    await rmdir(dir);
    return rename(temporary, dir);
  }
  const old = besides(dir, "old");
  await rename(dir, old);
  try {
    await rename(temporary, dir);
  } catch (error) {
    await rename(old, dir);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

/** `root` itself is never made anew: it is gone when the run was deleted meanwhile. */
async function writeNew(root: string, name: string, bytes: Uint8Array): Promise<void> {
  const folders = name.split("/").slice(0, -1);
  for (let depth = 1; depth <= folders.length; depth++) {
    await mkdir(join(root, ...folders.slice(0, depth))).catch((error) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
  const file = await open(join(root, name), "wx");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

const besides = (dir: string, ending: string) => join(dirname(dir), `.${basename(dir)}.${randomUUID()}.${ending}`);
