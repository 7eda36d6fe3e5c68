// Appends bytes to a file wholly or not at all: a disk that fills up takes a part before it says so.

import type { FileHandle } from "node:fs/promises";

/** Writes `bytes` at the end `end` of a file; when that fails, cuts the file back to `end` and throws. */
export async function appendWhole(
  file: Pick<FileHandle, "write" | "truncate">,
  bytes: Uint8Array,
  end: number,
): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, at, bytes.length - at, end + at);
      at += bytesWritten;
    }
  } catch (error) {
    await file.truncate(end).catch(() => {}); // on a device or a broken disk: the first error tells more
    throw error;
  }
}
