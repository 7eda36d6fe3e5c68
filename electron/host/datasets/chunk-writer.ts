// Writes packed pixels into chunk files of bounded size.

import { hash } from "node:crypto";
import { join } from "node:path";
import type { ImageManifest, SplitName } from "../../../shared/data/manifest.ts";
import { writeFileDurable } from "../files.ts";

const CHUNK_BYTES = 4 * 2 ** 20;

export type Chunks = ImageManifest["chunks"];

export class ChunkWriter {
  readonly chunks: Chunks = { train: [], test: [] };
  readonly #folder: string;
  readonly #buffer: Buffer;
  readonly #imageBytes: number;
  #split: SplitName = "train";
  #images = 0;

  constructor(folder: string, imageBytes: number) {
    this.#folder = folder;
    this.#imageBytes = imageBytes;
    this.#buffer = Buffer.alloc(Math.max(1, Math.floor(CHUNK_BYTES / imageBytes)) * imageBytes);
  }

  async add(split: SplitName, pixels: Uint8Array): Promise<void> {
    if (split !== this.#split || (this.#images + 1) * this.#imageBytes > this.#buffer.length) await this.finish();
    this.#split = split;
    this.#buffer.set(pixels, this.#images++ * this.#imageBytes);
  }

  async finish(): Promise<void> {
    if (this.#images === 0) return;
    const list = this.chunks[this.#split];
    const file = `${this.#split}-${String(list.length).padStart(4, "0")}.bin`;
    const bytes = this.#buffer.subarray(0, this.#images * this.#imageBytes);
    await writeFileDurable(join(this.#folder, file), bytes);
    list.push({ file, images: this.#images, sha256: hash("sha256", bytes) });
    this.#images = 0;
  }
}
