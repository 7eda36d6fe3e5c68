// Writes thumbnail sheets: PNG grids of a hundred images each, in stored order.

import { join } from "node:path";
import sharp from "sharp";
import type { ImageManifest, SplitName } from "../../../shared/data/manifest.ts";
import { writeFileDurable } from "../files.ts";

const COLUMNS = 10;
const IMAGES_PER_SHEET = 100;
const MAX_SIDE = 64;

export type Sheets = ImageManifest["sheets"];

export class SheetWriter {
  readonly sheets: Sheets = [];
  readonly #folder: string;
  readonly #size: number;
  readonly #channels: 1 | 3;
  /** Each thumbnail pixel is the mean of `#step` x `#step` pixels: cheap, and right for a preview. */
  readonly #step: number;
  readonly #side: number;
  #canvas: Uint8Array;
  #split: SplitName = "train";
  #from = 0;
  #images = 0;
  /** At most one sheet is being encoded while the next one fills. */
  #pending: Promise<void> = Promise.resolve();

  constructor(folder: string, size: number, channels: 1 | 3) {
    this.#folder = folder;
    this.#size = size;
    this.#channels = channels;
    this.#step = Math.ceil(size / MAX_SIDE);
    this.#side = Math.floor(size / this.#step);
    this.#canvas = this.#clear();
  }

  async add(split: SplitName, pixels: Uint8Array): Promise<void> {
    if (split !== this.#split) {
      await this.finish();
      this.#split = split;
      this.#from = 0;
    }
    this.#draw(pixels);
    this.#images++;
    if (this.#images === IMAGES_PER_SHEET) await this.#flush();
  }

  async finish(): Promise<void> {
    if (this.#images > 0) await this.#flush();
    await this.#pending;
  }

  async #flush(): Promise<void> {
    await this.#pending;
    const [canvas, images, side] = [this.#canvas, this.#images, this.#side];
    const file = `${this.#split}-${String(this.#from / IMAGES_PER_SHEET).padStart(4, "0")}.png`;
    this.sheets.push({ file, split: this.#split, from: this.#from, images, columns: COLUMNS, side });
    this.#pending = this.#write(file, canvas, Math.ceil(images / COLUMNS));
    // The awaiting `add` or `finish` reports a failure; until then it must not count as unhandled.
    this.#pending.catch(() => {});
    this.#canvas = this.#clear();
    this.#from += images;
    this.#images = 0;
  }

  async #write(file: string, canvas: Uint8Array, rows: number): Promise<void> {
    const [width, height, channels] = [COLUMNS * this.#side, rows * this.#side, this.#channels];
    const used = canvas.subarray(0, width * height * channels);
    const picture = sharp(used, { raw: { width, height, channels } });
    const png = picture.toColourspace(channels === 1 ? "b-w" : "srgb").png({ compressionLevel: 3 });
    await writeFileDurable(join(this.#folder, file), await png.toBuffer());
  }

  #clear(): Uint8Array {
    return new Uint8Array((IMAGES_PER_SHEET / COLUMNS) * COLUMNS * this.#side ** 2 * this.#channels);
  }

  #draw(pixels: Uint8Array): void {
    const [canvas, side, step, channels, size] = [this.#canvas, this.#side, this.#step, this.#channels, this.#size];
    const left = (this.#images % COLUMNS) * side;
    const top = Math.floor(this.#images / COLUMNS) * side;
    const area = step * step;
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < side; y++) {
        let to = ((top + y) * COLUMNS * side + left) * channels + c;
        let from = c * size * size + y * step * size;
        for (let x = 0; x < side; x++, to += channels, from += step) {
          if (step === 1) canvas[to] = pixels[from];
          else if (step === 2) {
            const below = from + size;
            canvas[to] = (pixels[from] + pixels[from + 1] + pixels[below] + pixels[below + 1]) >> 2;
          } else canvas[to] = sumSquare(pixels, from, size, step) / area;
        }
      }
    }
  }
}

function sumSquare(pixels: Uint8Array, from: number, size: number, step: number): number {
  let sum = 0;
  for (let dy = 0; dy < step; dy++, from += size) for (let dx = 0; dx < step; dx++) sum += pixels[from + dx];
  return sum;
}
