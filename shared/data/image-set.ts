// A labelled image set as the methods see it: normalised float images by index, read block by block.
import type { HostArray } from "../engine/index.ts";
import { invariant } from "../lib/invariant.ts";
import type { SetNormaliser } from "./normaliser.ts";

/** Images of one split, [images][channels][height][width], class after class in class order. */
export interface ImageSource {
  readonly classNames: readonly string[];
  /** Images of each class. */
  readonly counts: readonly number[];
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly normaliser: SetNormaliser;
  /** How many images are read at once, from a multiple of it; some megabyte where it is missing. */
  readonly blockImages?: number;
  /** Images `from` (included) to `to` (not included): uint8 pixels, or float32 where they are normalised already. */
  read(from: number, to: number): Promise<Uint8Array | Float32Array>;
}

const BLOCK_BYTES = 2 ** 20;

/** Reads images by index, holding at most `cacheBytes` of what was read. */
export class ImageSet {
  readonly source: ImageSource;
  readonly size: number;
  /** The index of each class's first image; one more entry than classes. */
  readonly starts: readonly number[];
  readonly #blockImages: number;
  readonly #blocks = new Map<number, Promise<Uint8Array | Float32Array>>();
  readonly #maxBlocks: number;

  constructor(source: ImageSource, cacheBytes = 2 ** 29) {
    this.source = source;
    const starts = [0];
    for (const count of source.counts) starts.push(starts[starts.length - 1] + count);
    this.starts = starts;
    this.size = starts[starts.length - 1];
    const imageBytes = this.pixels * (source.normaliser.kind === "zca" ? 4 : 1);
    this.#blockImages = source.blockImages ?? Math.max(1, Math.floor(BLOCK_BYTES / imageBytes));
    this.#maxBlocks = Math.max(1, Math.floor(cacheBytes / (this.#blockImages * imageBytes)));
  }

  get classNames(): readonly string[] {
    return this.source.classNames;
  }
  /** [channels, height, width] */
  get imageShape(): readonly [number, number, number] {
    return [this.source.channels, this.source.height, this.source.width];
  }
  /** Numbers of one image. */
  get pixels(): number {
    return this.source.channels * this.source.height * this.source.width;
  }
  countOf(label: number): number {
    return this.source.counts[label];
  }
  labelOf(index: number): number {
    let label = 0;
    while (index >= this.starts[label + 1]) label++;
    return label;
  }

  #block(block: number): Promise<Uint8Array | Float32Array> {
    let bytes = this.#blocks.get(block);
    if (bytes) {
      this.#blocks.delete(block); // put back at the end: the least recently used comes first
    } else {
      const from = block * this.#blockImages;
      bytes = this.source.read(from, Math.min(from + this.#blockImages, this.size));
      bytes.catch(() => this.#blocks.delete(block)); // a failed read is tried again
    }
    this.#blocks.set(block, bytes);
    if (this.#blocks.size > this.#maxBlocks) this.#blocks.delete(this.#blocks.keys().next().value as number);
    return bytes;
  }

  /** Normalised images [indices.length, channels, height, width]. */
  async images(indices: ArrayLike<number>): Promise<HostArray & { data: Float32Array<ArrayBuffer> }> {
    const { pixels } = this;
    const data = new Float32Array(indices.length * pixels);
    for (let i = 0; i < indices.length; i++) {
      const block = Math.floor(indices[i] / this.#blockImages);
      const read = await this.#block(block);
      const offset = (indices[i] - block * this.#blockImages) * pixels;
      if (read instanceof Float32Array) data.set(read.subarray(offset, offset + pixels), i * pixels);
      else this.#normalise(read, offset, data, i * pixels);
    }
    return { shape: [indices.length, ...this.imageShape], data };
  }

  /** One image of bytes into floats. */
  #normalise(bytes: Uint8Array, offset: number, data: Float32Array, to: number): void {
    const { normaliser, height, width } = this.source;
    invariant(normaliser.kind === "standard", "whitened images are read as float32");
    const { mean, std } = normaliser;
    const area = height * width;
    for (let channel = 0; channel < mean.length; channel++) {
      const scale = 1 / (255 * std[channel]);
      const shift = mean[channel] / std[channel];
      const start = channel * area;
      for (let p = start; p < start + area; p++) data[to + p] = bytes[offset + p] * scale - shift;
    }
  }

  /** One-hot labels [indices.length, classes]. */
  oneHot(indices: ArrayLike<number>): HostArray {
    return oneHot(
      Array.from(indices, (index) => this.labelOf(index)),
      this.classNames.length,
    );
  }
}

/** Rows of zeros with a one at each label: [labels.length, classes]. */
export function oneHot(labels: ArrayLike<number>, classes: number): HostArray {
  const data = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) data[i * classes + labels[i]] = 1;
  return { shape: [labels.length, classes], data };
}
