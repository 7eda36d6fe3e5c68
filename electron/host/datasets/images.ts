// Reads images of a stored dataset, in ranges or picks, with the last used chunks kept in memory.

import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { countImages, type ImageManifest, type SplitName } from "../../../shared/data/manifest.ts";
import { UserError } from "../../../shared/lib/user-error.ts";

/** Images `from` up to, without, `to`; or picks in any order, repeats allowed. */
export type Which = { from: number; to: number } | ArrayLike<number>;

/** Chunks of any dataset, least recently used first out. */
export class ChunkCache {
  readonly #maxBytes: number;
  readonly #chunks = new Map<string, Promise<Uint8Array>>();
  readonly #sizes = new Map<string, number>();

  constructor(maxBytes = 64 * 2 ** 20) {
    this.#maxBytes = maxBytes;
  }

  /** `bytes` is the chunk's size; `load` runs once for all who ask meanwhile. */
  get(key: string, bytes: number, load: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const found = this.#chunks.get(key);
    const chunk = found ?? load();
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    this.#sizes.set(key, bytes);
    if (!found) chunk.catch(() => this.#remove(key));
    let total = 0;
    for (const size of this.#sizes.values()) total += size;
    for (const oldest of this.#chunks.keys()) {
      if (total <= this.#maxBytes || oldest === key) break;
      total -= this.#sizes.get(oldest) ?? 0;
      this.#remove(oldest);
    }
    return chunk;
  }

  #remove(key: string): void {
    this.#chunks.delete(key);
    this.#sizes.delete(key);
  }
}

/**
 * Pixels of a split as uint8, [images][channels][height][width]. `folder` is the dataset's own.
 * Errors: RangeError for an index beyond the split; dataset-damaged when a chunk is missing or differs from its checksum.
 */
export async function readImages(
  manifest: ImageManifest,
  folder: string,
  split: SplitName,
  which: Which,
  cache = new ChunkCache(),
): Promise<Uint8Array<ArrayBuffer>> {
  const imageBytes = manifest.channels * manifest.height * manifest.width;
  const chunks = manifest.chunks[split];
  const total = countImages(manifest, split);
  const picks = "from" in which ? undefined : which;
  const [from, count] = "from" in which ? [which.from, which.to - which.from] : [0, which.length];
  const out = new Uint8Array(Math.max(count, 0) * imageBytes);

  // All chunks but the last hold equally many images.
  const perChunk = chunks[0]?.images ?? 1;
  for (let at = 0; at < count; ) {
    const index = picks ? picks[at] : from + at;
    if (!(Number.isInteger(index) && index >= 0 && index < total)) {
      throw new RangeError(`image ${index} of ${total} in split "${split}" of dataset ${manifest.id}`);
    }
    const number = Math.floor(index / perChunk);
    const { file, images, sha256 } = chunks[number];
    const path = join(folder, file);
    const pixels = await cache.get(path, images * imageBytes, () => readChunk(path, images * imageBytes, sha256));
    const within = index - number * perChunk;
    const run = picks ? 1 : Math.min(count - at, images - within);
    out.set(pixels.subarray(within * imageBytes, (within + run) * imageBytes), at * imageBytes);
    at += run;
  }
  return out;
}

async function readChunk(path: string, bytes: number, sha256: string): Promise<Uint8Array> {
  const pixels = await readFile(path).catch((cause) => {
    throw damagedChunk(path, "cannot be read", cause);
  });
  if (pixels.length !== bytes || hash("sha256", pixels) !== sha256)
    throw damagedChunk(path, "differs from its checksum");
  return pixels;
}

function damagedChunk(path: string, what: string, cause?: unknown): UserError {
  const hint = `Delete the folder ${dirname(path)} and import the dataset again.`;
  return new UserError("dataset-damaged", `${path} ${what}.`, hint, { cause });
}
