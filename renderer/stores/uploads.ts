// Sends a folder or a zip to a host that cannot see it: in parts, a few at once, nothing left behind on failure.
import type { Client } from "../../shared/api/client.ts";

export interface UploadFile {
  /** Below the folder, with slashes; empty for a single file. */
  readonly path: string;
  readonly bytes: number;
  read(): Promise<Blob>;
}

export interface UploadSource {
  readonly name: string;
  /** `onFound` hears how many there are so far. */
  listFiles(onFound: (count: number) => void, signal: AbortSignal): Promise<readonly UploadFile[]>;
}

export interface SendProgress {
  readonly files: number;
  readonly ofFiles: number;
  readonly bytes: number;
  readonly ofBytes: number;
  readonly bytesPerSecond: number;
  /** null while there is too little to tell by. */
  readonly secondsLeft: number | null;
}

export type UploadPort = Pick<Client["uploads"], "begin" | "send" | "end">;

const AT_ONCE = 4;
/** What is sent in one request: a browser tells nothing of the progress within one. */
const PART_BYTES = 8 * 2 ** 20;
const SECONDS_BEFORE_ESTIMATE = 0.5;

/** Resolves with the upload's name on the host. The caller ends the upload when it is done with it. */
export async function sendFiles(
  port: UploadPort,
  name: string,
  files: readonly UploadFile[],
  onProgress: (progress: SendProgress) => void,
  signal: AbortSignal,
  now = () => performance.now(),
): Promise<string> {
  const ofBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const { upload } = await port.begin(name, ofBytes);
  const started = now();
  let next = 0;
  let done = 0;
  let bytes = 0;
  const report = () => {
    const seconds = (now() - started) / 1000;
    // Small files cost by their number, large ones by their size: what is further behind decides.
    const share = Math.min(ofBytes > 0 ? bytes / ofBytes : 1, done < files.length ? (done + 1) / files.length : 1);
    const left = share > 0 ? seconds * (1 / share - 1) : Number.POSITIVE_INFINITY;
    onProgress({
      files: done,
      ofFiles: files.length,
      bytes,
      ofBytes,
      bytesPerSecond: seconds > 0 ? bytes / seconds : 0,
      secondsLeft: seconds < SECONDS_BEFORE_ESTIMATE || !Number.isFinite(left) ? null : left,
    });
  };
  const sendFile = async ({ path, read }: UploadFile) => {
    const blob = await read();
    let at = 0;
    do {
      signal.throwIfAborted();
      const part = blob.slice(at, at + PART_BYTES);
      await port.send(upload, path, part, { signal, at });
      at += PART_BYTES;
      bytes += part.size;
      if (at >= blob.size) done++;
      report();
    } while (at < blob.size);
  };
  const work = async () => {
    while (next < files.length) await sendFile(files[next++]);
  };
  try {
    report();
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    signal.throwIfAborted();
    return upload;
  } catch (error) {
    await port.end(upload).catch(() => {}); // the first error tells more
    throw error;
  }
}
