// Writes an export: everything into a temporary folder first, which is then renamed; never over files of others.

import { createHash, randomUUID } from "node:crypto";
import { lstat, mkdir, open, readdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { UserError } from "../../../shared/lib/user-error.ts";
import { explainFileError } from "../files.ts";
import { withLock } from "../lock.ts";
import type { Run } from "../runs/index.ts";
import { buildTree, type ExportOptions, type ExportTree, type PreparedExport, prepareExport } from "./plan.ts";

/** Lists what an export wrote, so that a later one knows its own files from the user's. */
const MANIFEST = "export.json";
const manifestSchema = z.object({ version: z.literal(1), files: z.record(z.string(), z.string()) });
const MAX_NAMED = 5;
/** What follows the folder's own name in the names of `besides`. */
const LEFT = /^[0-9a-f-]{36}\.(tmp|old)$/;

export type ExportResult = {
  readonly dir: string;
  readonly tree: ExportTree;
  /** Values that clipping changed. */
  readonly clipped: number;
};

/**
 * Writes the set, its README and export.json into `dir`, replacing an earlier export there as a whole. Throws
 * UserError "folder-not-empty" when `dir` holds anything else, "no-space" on a full disk; the earlier export stays then.
 */
export async function exportRun(run: Run, options: ExportOptions): Promise<ExportResult> {
  const { dir, files, formats, results } = await prepareExport(run, options);
  // Beside the folder, since the folder itself is replaced; nobody else's work is swept then.
  return withLock(join(dirname(dir), `.${basename(dir)}.lock`), async () => {
    await recover(dir);
    await requireOwnFolder(dir);
    const temporary = besides(dir, "tmp");
    try {
      await mkdir(temporary);
      const written: { path: string; size: number; isExact: boolean }[] = [];
      const hashes: Record<string, string> = {};
      for (const { path, make } of files) {
        const bytes = await make();
        await writeNew(join(temporary, ...path.split("/")), bytes);
        written.push({ path, size: bytes.length, isExact: true });
        hashes[path] = hash(bytes);
      }
      await writeNew(join(temporary, MANIFEST), encodeManifest(run, formats, hashes));
      await replaceFolder(dir, temporary);
      return { dir, tree: buildTree(dir, written), clipped: results.pixels.clipped };
    } catch (error) {
      throw explainFileError(error, dir);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
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

/** `dir` may be missing, empty, or hold exactly what an earlier export wrote there. */
async function requireOwnFolder(dir: string): Promise<void> {
  const kind = await lstat(dir).catch(() => undefined);
  if (kind === undefined) return;
  if (!kind.isDirectory()) throw new UserError("bad-folder", `${dir} is not a folder.`, "Choose another folder.");
  const foreign = await listForeign(dir);
  if (foreign.length === 0) return;
  const more = foreign.length > MAX_NAMED ? ` and ${foreign.length - MAX_NAMED} more` : "";
  throw new UserError(
    "folder-not-empty",
    `${dir} holds files that no export wrote, or that were changed since: ${foreign.slice(0, MAX_NAMED).join(", ")}${more}.`,
    "Choose an empty or new folder, or move them away.",
  );
}

/** The files in a folder that no export wrote there, or that were changed since. */
async function listForeign(dir: string): Promise<string[]> {
  const known = await readManifest(dir);
  const foreign: string[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(dir.length + 1).replaceAll("\\", "/");
    if (name === MANIFEST && known !== undefined) continue;
    const isOurs = entry.isFile() && known?.[name] !== undefined && known[name] === hash(await readFile(path));
    if (!isOurs) foreign.push(name);
  }
  return foreign;
}

async function readManifest(dir: string): Promise<Record<string, string> | undefined> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(join(dir, MANIFEST), "utf8"))).files;
  } catch {
    return undefined; // then nothing there counts as ours
  }
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

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

const besides = (dir: string, ending: string) => join(dirname(dir), `.${basename(dir)}.${randomUUID()}.${ending}`);

const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
