// Makes tiny real datasets in temporary folders: class folders of pictures, zips of them, and IDX files.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter, type ZipWriterAddDataOptions } from "@zip.js/zip.js";
import sharp, { type Sharp } from "sharp";
import { deriveKey, integers, rootKey } from "../../shared/lib/random.ts";

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** A folder that `await using` removes. */
export async function createTemporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "stillroom-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Pixels that differ from image to image: `height * width * channels` bytes, interleaved. */
export function drawPixels(name: string, height: number, width: number, channels: 1 | 3 | 4): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(integers(deriveKey(rootKey(7), name), height * width * channels, 256));
}

/** A sharp picture of these pixels, to be encoded by the caller. */
export function toPicture(pixels: Uint8Array, height: number, width: number, channels: 1 | 3 | 4): Sharp {
  const picture = sharp(pixels, { raw: { width, height, channels } });
  return channels === 1 ? picture.toColourspace("b-w") : picture;
}

/** A PNG of `drawPixels(name, ...)`. */
export function drawPng(name: string, height = 8, width = 8, channels: 1 | 3 | 4 = 1): Promise<Buffer> {
  return toPicture(drawPixels(name, height, width, channels), height, width, channels)
    .png()
    .toBuffer();
}

/** Writes files under `root`; keys are paths with "/". */
export async function writeTree(root: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/** PNGs for `writeTree` or `makeZip`: `counts` maps a class folder to its number of pictures, named 00000.png on. */
export async function drawTree(
  counts: Record<string, number>,
  shape: { height?: number; width?: number; channels?: 1 | 3 | 4 } = {},
): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  for (const [folder, count] of Object.entries(counts)) {
    for (let i = 0; i < count; i++) {
      const path = `${folder}/${String(i).padStart(5, "0")}.png`;
      files[path] = await drawPng(path, shape.height, shape.width, shape.channels);
    }
  }
  return files;
}

/** A zip of these entries; a name ending in "/" makes a folder. */
export async function makeZip(
  files: Record<string, Uint8Array>,
  options: ZipWriterAddDataOptions = {},
): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  for (const [name, bytes] of Object.entries(files)) {
    if (name.endsWith("/")) await writer.add(name, undefined, { directory: true });
    else await writer.add(name, new Uint8ArrayReader(bytes), options);
  }
  return writer.close();
}

/** An IDX file of unsigned bytes. */
export function makeIdx(dimensions: number[], data: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.writeUInt32BE(0x0800 + dimensions.length, 0);
  dimensions.forEach((each, at) => {
    header.writeUInt32BE(each, 4 + 4 * at);
  });
  return Buffer.concat([header, data]);
}

/** MNIST's pair of files for one split, from images [h][w] with labels, in this order. */
export async function writeIdxPair(
  folder: string,
  split: "train" | "t10k",
  images: { label: number; pixels: Uint8Array }[],
  { height = 8, width = 8, isPacked = false } = {},
): Promise<void> {
  const pixels = makeIdx([images.length, height, width], Buffer.concat(images.map((each) => each.pixels)));
  const labels = makeIdx(
    [images.length],
    Uint8Array.from(images, (each) => each.label),
  );
  const ending = isPacked ? ".gz" : "";
  await writeTree(folder, {
    [`${split}-images-idx3-ubyte${ending}`]: isPacked ? gzipSync(pixels) : pixels,
    [`${split}-labels-idx1-ubyte${ending}`]: isPacked ? gzipSync(labels) : labels,
  });
}

/** Every file below a folder with its bytes, to compare what was before with what is after. */
export async function snapshotFolder(root: string): Promise<Record<string, string>> {
  const names = (await readdir(root, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
  const files: Record<string, string> = {};
  for (const each of names) {
    const path = join(each.parentPath, each.name);
    files[path.slice(root.length + 1)] = (await readFile(path)).toString("base64");
  }
  return files;
}
