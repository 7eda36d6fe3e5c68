// Sends a folder or a zip to a host that cannot see it: file by file, a few at once, nothing left behind on failure.
import type { Client } from "../../shared/api/client.ts";

export interface UploadFile {
  /** Below the folder, with slashes; empty for a single file. */
  readonly path: string;
  read(): Promise<Blob>;
}

export interface UploadSource {
  readonly name: string;
  listFiles(): Promise<readonly UploadFile[]>;
}

export type UploadPort = Pick<Client["uploads"], "begin" | "send" | "end">;

const AT_ONCE = 4;

/** Resolves with where the host has it. The caller ends the upload when it is done with it. */
export async function sendFiles(
  port: UploadPort,
  { name, listFiles }: UploadSource,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<{ upload: string; path: string }> {
  const files = await listFiles();
  const begun = await port.begin(name);
  try {
    let next = 0;
    let done = 0;
    const send = async () => {
      while (next < files.length) {
        const file = files[next++];
        signal.throwIfAborted();
        await port.send(begun.upload, file.path, await file.read(), { signal });
        onProgress(++done, files.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, send));
    return begun;
  } catch (error) {
    await port.end(begun.upload).catch(() => {}); // the first error tells more
    throw error;
  }
}
