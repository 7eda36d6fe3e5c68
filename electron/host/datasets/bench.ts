// What `bench import` runs: generated folders of PNG pictures, imported, with speed and peak memory beside sharp alone.

import { execFile } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";
import { configureDecoder } from "./decode.ts";
import { mapInOrder } from "./ordered.ts";

export interface ImportMeasurement {
  images: number;
  seconds: number;
  imagesPerSecond: number;
  /** Highest resident memory of the importing process, in bytes. */
  peakBytes: number;
  /** Side of the stored pictures. */
  size: number;
}

const CLASSES = 10;

/** Writes `count` different grey 28 x 28 PNG pictures of ten classes below `folder`. */
export async function generateImageFolder(folder: string, count: number): Promise<void> {
  const side = 28;
  const rows = new Uint8Array(side * (side + 1));
  for (let i = 0; i < count; i++) {
    randomFillSync(rows);
    // Each row starts with its filter: 0, none.
    for (let y = 0; y < side; y++) rows[y * (side + 1)] = 0;
    const path = join(folder, `class-${i % CLASSES}`);
    if (i < CLASSES) await mkdir(path, { recursive: true });
    await writeFile(join(path, `${String(i).padStart(6, "0")}.png`), encodeGreyPng(side, side, rows));
  }
}

/** Imports `folder` into a store of its own, which is removed, in a process of its own, whose memory is the import's. */
export async function measureImport(folder: string, signal?: AbortSignal): Promise<ImportMeasurement> {
  const program = fileURLToPath(new URL("./measure-import.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, folder], { signal });
  return JSON.parse(stdout) as ImportMeasurement;
}

/** Writes `count` different colour JPEG pictures of ten classes below `folder`, as large as a web's thumbnails. */
export async function generatePhotoFolder(folder: string, count: number): Promise<void> {
  const [width, height] = [320, 240];
  const noise = new Uint8Array(20 * 15 * 3);
  for (let i = 0; i < count; i++) {
    randomFillSync(noise);
    const path = join(folder, `class-${i % CLASSES}`);
    if (i < CLASSES) await mkdir(path, { recursive: true });
    // Soft blobs: as many details as a photograph of that size has, not as noise has.
    await sharp(noise, { raw: { width: 20, height: 15, channels: 3 } })
      .resize(width, height, { fit: "fill" })
      .jpeg({ quality: 85 })
      .toFile(join(path, `${String(i).padStart(6, "0")}.jpg`));
  }
}

/**
 * The floor: sharp decoding the same files and making squares of `size` of them, as many at once and on as many threads
 * as the import, and nothing else: no looking through them first, no digests, no statistics, no files written.
 */
export async function measureSharpAlone(
  folder: string,
  size: number,
  signal = new AbortController().signal,
): Promise<number> {
  configureDecoder();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const decode = (path: string) => sharp(path).autoOrient().resize(size, size, { fit: "cover" }).raw().toBuffer();
  const bounds = { maxItems: 16, weigh: () => 1, maxWeight: 16, signal };
  const started = performance.now();
  for await (const _ of mapInOrder(paths, decode, bounds));
  return (paths.length / (performance.now() - started)) * 1000;
}

/** By hand, since 60,000 pictures by sharp would take longer than what is measured. */
function encodeGreyPng(width: number, height: number, rows: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // bit depth 8; colour type, compression, filter and interlace 0
  header[8] = 8;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(rows, { level: 1 });
  return Buffer.concat([
    signature,
    pngChunk("IHDR", header),
    pngChunk("IDAT", data),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, "latin1");
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}
