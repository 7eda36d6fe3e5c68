// Reads a folder with one sub-folder of pictures per class.

import { createHash } from "node:crypto";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import type { Problem } from "../../../../shared/data/manifest.ts";
import { explainFileError, isInside } from "../../files.ts";
import { arrangeClassFolders, isHiddenName, type ListedFile } from "../class-folders.ts";
import type { Reader } from "./reader.ts";

export const imageFolderReader: Reader = {
  id: "image-folder",
  title: "a folder with one sub-folder of pictures per class",

  async recognise(path) {
    return (await stat(path)).isDirectory();
  },

  async open(path, { signal }) {
    const root = await realpath(path).catch((error) => {
      throw explainFileError(error, path);
    });
    const listing = await listFolder(root, signal);
    const arranged = arrangeClassFolders(listing.files, listing.folders);
    return {
      ...arranged,
      name: basename(resolve(path)),
      stamp: listing.stamp,
      skipped: [...listing.skipped, ...arranged.skipped],
      read: async (image) => ({ kind: "file", path: join(root, image.path) }),
      close: async () => {},
    };
  },
};

interface Listing {
  files: ListedFile[];
  folders: string[];
  skipped: Problem[];
  stamp: string;
}

/** Lists files below `root`, following links as long as they stay inside it and do not come back to a parent. */
async function listFolder(root: string, signal: AbortSignal): Promise<Listing> {
  const files: ListedFile[] = [];
  const folders: string[] = [];
  const skipped: Problem[] = [];
  const hash = createHash("sha256").update(root);

  const walk = async (folder: string, parents: readonly string[]): Promise<void> => {
    signal.throwIfAborted();
    await yieldToEvents();
    const names = (await readdir(join(root, folder))).filter((name) => !isHiddenName(name)).sort();
    for (const name of names) {
      const path = folder === "" ? name : `${folder}/${name}`;
      try {
        await visit(path, parents);
      } catch (error) {
        signal.throwIfAborted();
        skipped.push({ path, reason: describeFailure(error) });
      }
    }
  };

  const visit = async (path: string, parents: readonly string[]): Promise<void> => {
    const full = join(root, path);
    const own = await lstat(full);
    const target = own.isSymbolicLink() ? await realpath(full) : full;
    if (!isInside(root, target)) {
      skipped.push({ path, reason: "a link out of the folder; copy what it points to into the folder" });
      return;
    }
    const found = own.isSymbolicLink() ? await stat(full) : own;
    if (found.isDirectory()) {
      const real = await realpath(full);
      if (parents.includes(real)) {
        skipped.push({ path, reason: "a link that leads back to a folder above it" });
        return;
      }
      folders.push(path);
      await walk(path, [...parents, real]);
    } else if (found.isFile()) {
      files.push({ path, bytes: found.size });
      hash.update(`${path}\0${found.size}\0${found.mtimeMs}\0${found.ctimeMs}\n`);
    } else skipped.push({ path, reason: "not a regular file" });
  };

  try {
    await walk("", [root]);
  } catch (error) {
    throw explainFileError(error, root);
  }
  return { files, folders, skipped, stamp: hash.digest("hex") };
}

function describeFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "a link to nothing, or a name that is not UTF-8";
  if (code === "ELOOP") return "a link that leads back to itself";
  if (code === "EACCES" || code === "EPERM") return "may not be opened by you; change its permissions";
  return error instanceof Error ? error.message : String(error);
}
