// What browsers upload: kept in scratch folders until it is imported, or its page has been silent for long.

import { createWriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Upload } from "../../shared/api/uploads.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { explainFileError, makeFolder, measureFreeBytes, requireFreeSpace, resolveInside } from "./files.ts";
import { createScratch, type Scratch, type Store } from "./store.ts";

interface Open {
  readonly scratch: Scratch;
  /** The dropped folder or file. */
  readonly path: string;
  silence: NodeJS.Timeout;
}

/** Of a file: its bytes from `at` on. */
interface Part {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
  readonly body: ReadableStream<Uint8Array> | null;
}

const SILENCE_MS = 3_600_000;

export type Uploads = ReturnType<typeof createUploads>;

export function createUploads(store: Store, silenceMs = SILENCE_MS) {
  const uploads = new Map<string, Open>();
  const end = async (id: string): Promise<void> => {
    const open = uploads.get(id);
    if (!open) return;
    clearTimeout(open.silence);
    uploads.delete(id);
    await open.scratch.dispose();
  };
  const listen = (id: string) => setTimeout(() => void end(id).catch(() => {}), silenceMs).unref();
  const find = (id: string): Open => {
    const open = uploads.get(id);
    if (!open) throw new UserError("upload-unknown", "There is no such upload any more.", "Drop the files again.");
    clearTimeout(open.silence);
    open.silence = listen(id);
    return open;
  };

  return {
    /** `bytes` in all, as the browser says: a disk that cannot hold them is told of before anything is sent. */
    async begin(name: string, bytes = 0): Promise<Upload> {
      requirePlain([name]);
      requireFreeSpace(store.scratch, bytes, await measureFreeBytes(store.scratch));
      const scratch = await createScratch(store);
      const id = basename(scratch.path);
      const path = join(scratch.path, name);
      uploads.set(id, { scratch, path, silence: listen(id) });
      return { upload: id };
    },

    /** Writes a part of a file of the upload; `name` is its path below the dropped folder, or empty for a dropped file. */
    async write(id: string, { name, at, bytes, body }: Part): Promise<void> {
      const { path: root, scratch } = find(id);
      const names = name === "" ? [] : name.split("/");
      requirePlain(names);
      const path = resolveInside(root, ...names);
      requireFreeSpace(scratch.path, bytes, await measureFreeBytes(scratch.path));
      const isFirst = at === 0;
      if (!isFirst && (await stat(path).catch(() => undefined))?.size !== at) {
        throw new UserError(
          "upload-torn",
          `"${name || basename(root)}" came in the wrong order.`,
          "Drop the files again.",
        );
      }
      try {
        await makeFolder(dirname(path));
        const source = body ? Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]) : Readable.from([]);
        await pipeline(source, createWriteStream(path, isFirst ? { flags: "wx" } : { flags: "r+", start: at }));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EEXIST" || code === "EISDIR" || code === "bad-folder") {
          throw new UserError("upload-twice", `"${name}" was sent already.`, "Drop the files again.", { cause: error });
        }
        // A page that went away leaves a part of a file, which is none.
        await rm(path, { force: true });
        throw explainFileError(error, path);
      }
    },

    /** Works with what was sent, however long it takes: nobody is silent meanwhile. */
    async use<T>(id: string, work: (path: string, shownAs: string) => Promise<T>): Promise<T> {
      const open = find(id);
      clearTimeout(open.silence);
      try {
        // Where no file was sent, what was dropped is an empty folder.
        await mkdir(open.path).catch(ignoreExisting);
        return await work(open.path, `"${basename(open.path)}" (sent from the browser)`);
      } finally {
        if (uploads.has(id)) open.silence = listen(id);
      }
    },

    end,

    async dispose(): Promise<void> {
      await Promise.allSettled([...uploads.keys()].map(end));
    },
  };
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

/** Names come from another machine: none may lead anywhere. */
function requirePlain(names: readonly string[]): void {
  const bad = names.find((name) => name === "" || name === "." || name === ".." || /[/\\\0]/.test(name));
  if (bad === undefined) return;
  throw new UserError("path-outside", `"${names.join("/")}" cannot name a file of an upload.`, "Rename it.");
}
