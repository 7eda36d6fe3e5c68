// Reads IDX files as MNIST and its relatives ship them: images and labels apart, gzipped or not.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { SplitName } from "../../../../shared/data/manifest.ts";
import { UserError } from "../../../../shared/lib/user-error.ts";
import { formatBytes, measureFreeBytes, requireFreeSpace } from "../../files.ts";
import type { OpenContext, Reader, SourceImage } from "./reader.ts";

// "emnist-letters-" + "train" + "-images" + "-idx3-ubyte" + ".gz"; unpackers write ".idx3" for "-idx3"
const idxName = /^(.*?)(train|t10k|test)-(images|labels)[-.]idx[13][-.]ubyte(\.gz)?$/i;

interface IdxPair {
  split: SplitName;
  images: string;
  labels: string;
}

interface OpenPair {
  pair: IdxPair;
  /** Of the unpacked image file; the caller closes it. */
  handle: FileHandle;
  count: number;
  height: number;
  width: number;
  labels: Uint8Array;
}

export const idxReader: Reader = {
  id: "idx",
  title: "IDX files as MNIST's",

  async recognise(path) {
    const { names } = await listNames(path);
    return names.some((name) => idxName.test(name));
  },

  async open(path, context) {
    const pairs = await findPairs(path);
    const files: OpenPair[] = [];
    const close = async () => {
      for (const file of files) await file.handle.close();
    };
    try {
      for (const pair of pairs) files.push(await openPair(pair, context));
    } catch (error) {
      await close();
      throw error;
    }
    const hash = createHash("sha256");
    for (const file of pairs.flatMap((pair) => [pair.images, pair.labels])) {
      const { size, mtimeMs, ctimeMs } = await stat(file);
      hash.update(`${file}\0${size}\0${mtimeMs}\0${ctimeMs}\n`);
    }
    // Without a test file the split is drawn.
    const single = files.length === 1;
    const images: SourceImage[] = [];
    for (const file of files) {
      const digits = String(file.count - 1).length;
      for (let i = 0; i < file.count; i++) {
        const path = `${file.pair.split}/${String(i).padStart(digits, "0")}`;
        images.push({ path, className: String(file.labels[i]), split: single ? null : file.pair.split, bytes: 1 });
      }
    }
    const bySplit = new Map(files.map((file) => [file.pair.split as string, file]));
    return {
      name: basename((await stat(path)).isDirectory() ? resolve(path) : dirname(resolve(path))),
      images,
      stamp: hash.digest("hex"),
      skipped: [],
      warnings: [],
      notes: [],
      async read(image) {
        const [split, index] = image.path.split("/");
        const { handle, height, width } = bySplit.get(split)!;
        const bytes = new Uint8Array(height * width);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, 16 + Number(index) * bytes.length);
        if (bytesRead < bytes.length) throw new Error("cut off");
        return { kind: "pixels", bytes, height, width };
      },
      close,
    };
  },
};

async function listNames(path: string): Promise<{ folder: string; names: string[]; isFile: boolean }> {
  const isFile = !(await stat(path)).isDirectory();
  if (!isFile) return { folder: path, names: (await readdir(path)).sort(), isFile };
  const name = basename(path);
  return { folder: dirname(path), names: [name], isFile };
}

/** The pairs that belong to `path`: train first. Errors: idx-incomplete, idx-several. */
async function findPairs(path: string): Promise<IdxPair[]> {
  const start = await listNames(path);
  const names = start.isFile ? (await readdir(start.folder)).sort() : start.names;
  const prefixes = [...new Set(start.names.flatMap((name) => idxName.exec(name)?.[1] ?? []))];
  if (prefixes.length > 1) {
    throw new UserError(
      "idx-several",
      `${path} holds IDX files of several datasets (${prefixes.map((each) => each || "without a prefix").join(", ")}).`,
      "Give one of the image files instead of the folder.",
    );
  }
  const found = new Map<string, string>();
  for (const name of names) {
    const match = idxName.exec(name);
    if (match?.[1] !== prefixes[0]) continue;
    const key = `${match[2].toLowerCase() === "train" ? "train" : "test"} ${match[3].toLowerCase()}`;
    // Where a file lies there packed and unpacked, the unpacked one needs no work.
    if (!found.has(key) || !match[4]) found.set(key, join(start.folder, name));
  }
  const pairs: IdxPair[] = [];
  const missing: string[] = [];
  for (const split of ["train", "test"] as const) {
    const images = found.get(`${split} images`);
    const labels = found.get(`${split} labels`);
    if (images && labels) pairs.push({ split, images, labels });
    else if (images) missing.push(`the labels of ${basename(images)}`);
    else if (labels) missing.push(`the images of ${basename(labels)}`);
  }
  if (missing.length > 0) {
    throw new UserError(
      "idx-incomplete",
      `${start.folder} lacks ${missing.join(" and ")}.`,
      "Put the image file and the label file of each split into one folder, under their usual names.",
    );
  }
  return pairs;
}

async function openPair(pair: IdxPair, { scratch, signal }: OpenContext): Promise<OpenPair> {
  const labels = await openUnpacked(pair.labels, 1, join(scratch, `${pair.split}-labels`), signal);
  const bytes = new Uint8Array(labels.dimensions[0]);
  await labels.handle.read(bytes, 0, bytes.length, 8);
  await labels.handle.close();
  const images = await openUnpacked(pair.images, 3, join(scratch, `${pair.split}-images`), signal);
  const [count, height, width] = images.dimensions;
  if (count !== bytes.length) {
    await images.handle.close();
    throw new UserError(
      "idx-mismatch",
      `${pair.images} holds ${count} images, ${pair.labels} ${bytes.length} labels.`,
      "Use two files that belong together.",
    );
  }
  return { pair, handle: images.handle, count, height, width, labels: bytes };
}

/** Opens an IDX file of unsigned bytes for reading at random; a gzipped one is unpacked to `target` first. */
async function openUnpacked(path: string, rank: number, target: string, signal: AbortSignal) {
  const isPacked = /\.gz$/i.test(path);
  const header = isPacked ? await readPackedHeader(path) : await readHeader(path);
  const dimensions = parseHeader(path, header, rank);
  const size = 4 + 4 * rank + dimensions.reduce((product, each) => product * each, 1);
  if (isPacked) await unpack(path, target, size, signal);
  const handle = await open(isPacked ? target : path, "r");
  const actual = (await handle.stat()).size;
  if (actual >= size) return { handle, dimensions };
  await handle.close();
  throw damaged(path, `it says ${formatBytes(size)} and has ${formatBytes(actual)}`);
}

async function readHeader(path: string): Promise<Buffer> {
  const handle: FileHandle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function readPackedHeader(path: string): Promise<Buffer> {
  const stream = createReadStream(path).pipe(createGunzip());
  try {
    for await (const chunk of stream) return chunk as Buffer;
  } catch (error) {
    throw damaged(path, "it is not a gzip file", error);
  } finally {
    stream.destroy();
  }
  throw damaged(path, "it is empty");
}

function parseHeader(path: string, header: Buffer, rank: number): number[] {
  if (header.length < 4 + 4 * rank || header.readUInt32BE(0) !== 0x0800 + rank) {
    throw damaged(path, `it does not start like an IDX file of bytes with ${rank} dimension${rank > 1 ? "s" : ""}`);
  }
  const dimensions = Array.from({ length: rank }, (_, at) => header.readUInt32BE(4 + 4 * at));
  const isSane = dimensions.slice(1).every((each) => each > 0 && each <= 16384) && dimensions[0] <= 2 ** 27;
  if (!isSane) throw damaged(path, `its dimensions are ${dimensions.join(" x ")}`);
  return dimensions;
}

/** Unpacks no more than the header announces, so that a gzip bomb stops early. */
async function unpack(path: string, target: string, size: number, signal: AbortSignal): Promise<void> {
  requireFreeSpace(dirname(target), size, await measureFreeBytes(dirname(target)));
  let left = size;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      done(left < 0 ? damaged(path, "it unpacks to more than it says") : null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(path), createGunzip(), limit, createWriteStream(target), { signal });
  } catch (error) {
    signal.throwIfAborted();
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (error instanceof UserError || !code.startsWith("Z_")) throw error;
    throw damaged(path, "it is cut off or its checksum is wrong", error);
  }
}

function damaged(path: string, why: string, cause?: unknown): UserError {
  return new UserError("idx-damaged", `${path} is damaged: ${why}.`, "Download it again.", { cause });
}
