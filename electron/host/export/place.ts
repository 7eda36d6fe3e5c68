// The folder of an export: what lies there already, and whether it may be replaced.

import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { UserError } from "../../../shared/lib/user-error.ts";
import { explainFileError, isMissing, measureFreeBytes } from "../files.ts";

/** Lists what an export wrote, so that a later one knows its own files from the user's. */
export const MANIFEST = "export.json";
const manifestSchema = z.object({ version: z.literal(1), files: z.record(z.string(), z.string()) });
const MAX_NAMED = 5;

export type ExportPlace = {
  readonly kind: "new" | "empty" | "earlier" | "occupied";
  readonly reason?: string;
  /** A free folder near an occupied one. */
  readonly instead?: string;
  readonly freeBytes: number;
};

/** `name` is a name for a folder inside an occupied one. */
export async function describePlace(dir: string, name: string): Promise<ExportPlace> {
  const freeBytes = await measureFreeBytes(await nearestFolder(dir));
  try {
    await requireOwnFolder(dir);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const instead = error.code === "folder-not-empty" ? await chooseFree(dir, name) : undefined;
    return { kind: "occupied", reason: error.message, ...(instead && { instead }), freeBytes };
  }
  const names = await readdir(dir).catch((error) => {
    if (isMissing(error)) return undefined;
    throw explainFileError(error, dir);
  });
  return { kind: names === undefined ? "new" : names.length === 0 ? "empty" : "earlier", freeBytes };
}

/**
 * `dir` may be missing, empty, or hold exactly what an earlier export wrote there. Throws UserError "bad-folder",
 * "folder-not-empty", and those of folders that may not be read.
 */
export async function requireOwnFolder(dir: string): Promise<void> {
  const kind = await lstat(dir).catch((error) => {
    if (isMissing(error)) return undefined;
    throw explainFileError(error, dir);
  });
  if (kind === undefined) return;
  if (!kind.isDirectory()) throw new UserError("bad-folder", `${dir} is not a folder.`, "Choose another folder.");
  const foreign = await listForeign(dir, MAX_NAMED + 1).catch((error) => {
    throw explainFileError(error, dir);
  });
  if (foreign.length === 0) return;
  const more = foreign.length > MAX_NAMED ? " and more" : "";
  throw new UserError(
    "folder-not-empty",
    `${dir} holds files that no export wrote, or that were changed since: ${foreign.slice(0, MAX_NAMED).join(", ")}${more}.`,
    "Choose an empty or new folder, or move them away.",
  );
}

/** The first `most` files in a folder that no export wrote there, or that were changed since. */
export async function listForeign(dir: string, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const known = await readManifest(dir);
  const foreign: string[] = [];
  // Folder by folder, so that someone's whole home is not walked to say that it is not empty.
  const waiting = [""];
  for (let at = waiting.shift(); at !== undefined && foreign.length < most; at = waiting.shift()) {
    for (const entry of await readdir(join(dir, at), { withFileTypes: true })) {
      const name = at === "" ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) waiting.push(name);
      else if (!(await isOurs(dir, name, entry.isFile(), known))) foreign.push(name);
      if (foreign.length >= most) break;
    }
  }
  return foreign;
}

async function isOurs(dir: string, name: string, isFile: boolean, known: Record<string, string> | undefined) {
  if (known === undefined || !isFile) return false;
  return name === MANIFEST || (known[name] !== undefined && known[name] === hash(await readFile(join(dir, name))));
}

export const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function readManifest(dir: string): Promise<Record<string, string> | undefined> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(join(dir, MANIFEST), "utf8"))).files;
  } catch {
    return undefined; // then nothing there counts as ours
  }
}

async function chooseFree(dir: string, name: string): Promise<string> {
  for (let copy = 1; ; copy++) {
    const path = join(dir, copy === 1 ? name : `${name}-${copy}`);
    if ((await lstat(path).catch(() => undefined)) === undefined) return path;
  }
}

/** The folder itself, or the nearest one above it that is there. */
async function nearestFolder(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    if ((await lstat(at).catch(() => undefined))?.isDirectory() || at === dirname(at)) return at;
  }
}
