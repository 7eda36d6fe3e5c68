// A zip archive read at random. zip.js lists it; entries are read here, since its entry objects hold 10 kB each
// (600 MB for 60,000 images) and its streams give 1,000 small files a second.

import { openAsBlob } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { crc32, inflateRaw, inflateRawSync } from "node:zlib";
import { BlobReader, configure, type Entry, ZipReader } from "@zip.js/zip.js";
import type { Problem } from "../../../shared/data/manifest.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { explainFileError } from "../files.ts";
import { isHiddenName } from "./class-folders.ts";

export interface ZipEntry {
  readonly offset: number;
  readonly packedSize: number;
  readonly size: number;
  readonly crc: number;
  readonly isDeflated: boolean;
}

export interface ZipArchive {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly folders: readonly string[];
  readonly skipped: readonly Problem[];
  /** The unpacked bytes, checked against size and CRC. Throws an Error whose message is the reason. */
  read(entry: ZipEntry): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** No picture of a dataset is larger; what claims more is a bomb. */
const MAX_ENTRY_BYTES = 512 * 2 ** 20;
const LOCAL_HEADER_BYTES = 30;
const LOCAL_HEADER_SIGNATURE = 0x04034b50;
/** Below this, handing an entry to another thread costs more than inflating it. */
const SYNC_INFLATE_BYTES = 64 * 1024;
const inflateOnPool = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflateRaw);

/** Lists the archive. Errors: zip-damaged, and those of files. */
export async function openZip(path: string, signal: AbortSignal): Promise<ZipArchive> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    throw explainFileError(error, path);
  }
  try {
    return { ...(await listEntries(path, signal)), read: (entry) => readEntry(file, entry), close: () => file.close() };
  } catch (error) {
    await file.close();
    signal.throwIfAborted();
    if (error instanceof UserError) throw error;
    throw new UserError(
      "zip-damaged",
      `${path} cannot be read as a zip archive: it is cut off, damaged, or another kind of file.`,
      "Download or make it again, and compare its size with the original.",
      { cause: error },
    );
  }
}

async function listEntries(path: string, signal: AbortSignal) {
  configure({ useWebWorkers: false });
  const reader = new ZipReader(new BlobReader(await openAsBlob(path)), { filenameValidation: "tolerant" });
  const entries = new Map<string, ZipEntry>();
  const folders: string[] = [];
  const skipped: Problem[] = [];
  for await (const entry of reader.getEntriesGenerator()) {
    signal.throwIfAborted();
    const name = entry.filename.replaceAll("\\", "/");
    if (name.split("/").some((part) => part !== ".." && part !== "." && isHiddenName(part))) continue;
    const reason = refuse(entry, name) ?? (entries.has(name) ? "a second entry of the same name" : undefined);
    if (reason) skipped.push({ path: name, reason });
    else if (entry.directory) folders.push(name.replace(/\/+$/, ""));
    else {
      entries.set(name, {
        offset: entry.offset,
        packedSize: entry.compressedSize,
        size: entry.uncompressedSize,
        crc: entry.signature ?? entry.crc32 ?? 0,
        isDeflated: entry.compressionMethod === 8,
      });
    }
  }
  await reader.close();
  return { entries, folders, skipped };
}

/** Why an entry is left out, or undefined. */
function refuse(entry: Entry, name: string): string | undefined {
  const parts = name.replace(/\/$/, "").split("/");
  if (/^\/|^[a-z]:/i.test(name) || parts.includes("..")) return "its name leads out of the archive";
  if (name.includes("\0") || parts.includes("") || parts.includes(".")) return "its name is not a plain path";
  if (entry.directory) return undefined;
  if (entry.symlink) return "a link; archives are read without following links";
  if (entry.encrypted) return "encrypted; unpack it with its password and give the folder";
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    return `packed by method ${entry.compressionMethod}, which cannot be read; make the zip with "deflate"`;
  }
  if (entry.uncompressedSize > MAX_ENTRY_BYTES) return "larger than 512 MiB when unpacked";
  return undefined;
}

async function readEntry(file: FileHandle, entry: ZipEntry): Promise<Uint8Array> {
  // The local header repeats name and extra fields, with lengths of its own: a guess saves the second read.
  const guess = LOCAL_HEADER_BYTES + 512 + entry.packedSize;
  let bytes = await readAt(file, entry.offset, guess);
  if (bytes.length < LOCAL_HEADER_BYTES || bytes.readUInt32LE(0) !== LOCAL_HEADER_SIGNATURE) {
    throw new Error("damaged in the archive: its header is missing");
  }
  const start = LOCAL_HEADER_BYTES + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
  if (start + entry.packedSize > guess) bytes = await readAt(file, entry.offset, start + entry.packedSize);
  const packed = bytes.subarray(start, start + entry.packedSize);
  if (packed.length < entry.packedSize) throw new Error("cut off in the archive");
  const unpacked = entry.isDeflated ? await inflate(packed, entry.size) : packed;
  if (unpacked.length !== entry.size || crc32(unpacked) !== entry.crc >>> 0) {
    throw new Error("damaged in the archive: size or checksum differ from what the archive says");
  }
  return unpacked;
}

async function inflate(packed: Uint8Array, size: number): Promise<Uint8Array> {
  const limit = { maxOutputLength: Math.max(size, 1) };
  try {
    return size < SYNC_INFLATE_BYTES ? inflateRawSync(packed, limit) : await inflateOnPool(packed, limit);
  } catch (error) {
    const isLarger = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new Error(isLarger ? "unpacks to more than the archive says" : "damaged in the archive", { cause: error });
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
