// Files handled with care: atomic writes, paths that stay inside their folder, free space, and errors in words.

import { randomUUID } from "node:crypto";
import { lstat, mkdir, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { UserError } from "../../shared/lib/user-error.ts";

/** Writes a file so that a reader sees the old content or the new, also after a crash at any moment. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  await makeFolder(folder);
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  try {
    await writeFileDurable(temporary, content);
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true });
    throw explainFileError(error, path);
  }
}

/**
 * Makes a folder and those above it that are missing, one by one: Node's own recursive mkdir tries for ever where the
 * system says "no such file" of a name in a folder that is there, as /proc does. Throws UserError "not-writable" and
 * "bad-folder", and the system's errors.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = resolve(path); !(await isFolder(at)); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    try {
      await mkdir(folder);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const isThere = await isFolder(folder);
      if (code === "EEXIST" && isThere) continue; // someone else made it meanwhile
      if (code === "EEXIST") throw notFolder(folder); // a link to nothing
      if (code !== "ENOENT" || !(await isFolder(dirname(folder)))) throw cause;
      const says = `${folder} cannot be made: no folder can be made in ${dirname(folder)}.`;
      throw new UserError("not-writable", says, "Choose another folder.", { cause });
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  const kind = await stat(path).catch((error) => {
    if (isMissing(error) && path !== dirname(path)) return undefined;
    throw error;
  });
  if (kind !== undefined && !kind.isDirectory()) throw notFolder(path);
  return kind !== undefined;
}

const notFolder = (path: string) => new UserError("bad-folder", `${path} is not a folder.`, "Choose another folder.");

/** Writes a file in place and waits until the disk has it; for files in a folder that is renamed as a whole. */
export async function writeFileDurable(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename inside `folder` durable. Windows cannot open folders, and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** One rename, so that a kill leaves the folder whole or gone; what an earlier kill left beside it goes, too. */
export async function removeFolder(folder: string): Promise<void> {
  const parent = dirname(folder);
  await rename(folder, join(parent, `.deleted-${randomUUID()}`));
  for (const name of await readdir(parent)) {
    if (/^\.deleted-[0-9a-f-]{36}$/.test(name)) await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** Bytes that files, and folders with all that is in them, take on the disk. Links count, not what they lead to. */
export async function measureFiles(paths: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const path of paths) {
    const found = await lstat(path).catch(() => undefined); // gone meanwhile
    if (found === undefined) continue;
    bytes += found.blocks * 512; // the unit of stat, whatever the disk's own is
    if (!found.isDirectory()) continue;
    bytes += await measureFiles((await readdir(path)).map((name) => join(path, name)));
  }
  return bytes;
}

/** Whether `path` is `root` or lies below it. Both must be absolute; links are the caller's concern. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === "" || !(way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way));
}

/** Joins names from outside to a folder of ours, and refuses what would lead out of it. */
export function resolveInside(root: string, ...names: string[]): string {
  const path = resolve(root, ...names);
  if (!isInside(resolve(root), path)) {
    throw new UserError("path-outside", `"${names.join("/")}" leads out of its folder.`, "Use a plain name.");
  }
  return path;
}

/** Free bytes on the disk that holds `path`. */
export async function measureFreeBytes(path: string): Promise<number> {
  const disk = await statfs(path);
  return disk.bavail * disk.bsize;
}

/** Throws when the disk cannot hold `neededBytes` more and stay usable. */
export function requireFreeSpace(path: string, neededBytes: number, freeBytes: number): void {
  const reserve = 64e6;
  if (freeBytes >= neededBytes + reserve) return;
  throw new UserError(
    "no-space",
    `The disk of ${path} has ${formatBytes(freeBytes)} free; ${formatBytes(neededBytes + reserve)} are needed.`,
    "Free some space, or set STILLROOM_HOME to a folder on a larger disk.",
  );
}

export function formatBytes(bytes: number): string {
  const steps = ["bytes", "kB", "MB", "GB", "TB"];
  const step = Math.min(steps.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${Number((bytes / 1000 ** step).toPrecision(3))} ${steps[step]}`;
}

const fileErrors: Record<string, { code: string; says: string; hint: string }> = {
  ENOENT: { code: "not-found", says: "does not exist", hint: "Check the spelling of the path." },
  ENOTDIR: { code: "not-found", says: "does not exist", hint: "Check the spelling of the path." },
  EACCES: { code: "not-readable", says: "may not be opened by you", hint: "Change its permissions, or copy it." },
  EPERM: { code: "not-readable", says: "may not be opened by you", hint: "Change its permissions, or copy it." },
  EROFS: { code: "not-writable", says: "lies on a read-only disk", hint: "Set STILLROOM_HOME to a writable folder." },
  ENOSPC: { code: "no-space", says: "cannot be written: the disk is full", hint: "Free some space and try again." },
  EFBIG: {
    code: "no-space",
    says: "cannot be written: it would be too large here",
    hint: "Raise the limit (ulimit -f).",
  },
  EDQUOT: { code: "no-space", says: "cannot be written: your disk quota is used up", hint: "Free some space." },
  ELOOP: { code: "link-loop", says: "is a link that leads back to itself", hint: "Name the real folder." },
  EMFILE: { code: "too-many-files", says: "cannot be opened: too many files are open", hint: "Close other programs." },
  EIO: { code: "disk-error", says: "cannot be read: the disk reports an error", hint: "Copy it to another disk." },
};

/** Whether a system error says that there is nothing at that path. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Turns a system error into a UserError that names the file; anything else comes back as it was. */
export function explainFileError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const known = fileErrors[(error as NodeJS.ErrnoException).code ?? ""];
  if (!known) return error;
  const where = (error as NodeJS.ErrnoException).path ?? path;
  return new UserError(known.code, `${where} ${known.says}.`, known.hint, { cause: error });
}
