// Reads a zip archive of a folder with one sub-folder of pictures per class, without unpacking it to the disk.

import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { UserError } from "../../../../shared/lib/user-error.ts";
import { arrangeClassFolders } from "../class-folders.ts";
import { openZip, type ZipEntry } from "../zip-archive.ts";
import type { Reader } from "./reader.ts";

export const zipReader: Reader = {
  id: "zip",
  title: "a zip of such a folder",

  async recognise(path) {
    if (!(await stat(path)).isFile()) return false;
    if (extname(path).toLowerCase() === ".zip") return true;
    const file = await open(path, "r");
    try {
      const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
      return buffer.toString("latin1") === "PK\x03\x04";
    } finally {
      await file.close();
    }
  },

  async open(path, { signal }) {
    const found = await stat(path);
    const archive = await openZip(path, signal);
    try {
      const arranged = arrangeClassFolders(
        [...archive.entries].map(([name, entry]) => ({ path: name, bytes: entry.size })),
        archive.folders,
      );
      if (arranged.images.length === 0 && [...archive.entries.keys()].some((name) => /idx[13][-.]ubyte/.test(name))) {
        throw new UserError("no-images", `${path} holds IDX files.`, "Unpack it and give the folder.");
      }
      return {
        ...arranged,
        name: basename(path, extname(path)),
        stamp: createHash("sha256").update(`${path}\0${found.size}\0${found.mtimeMs}\0${found.ctimeMs}`).digest("hex"),
        skipped: [...archive.skipped, ...arranged.skipped],
        read: async (image) => ({
          kind: "encoded",
          bytes: await archive.read(archive.entries.get(image.path) as ZipEntry),
        }),
        close: () => archive.close(),
      };
    } catch (error) {
      await archive.close();
      throw error;
    }
  },
};
