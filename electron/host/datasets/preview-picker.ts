// Picks a few pictures out of those that an import stores, evenly spread, and hands them on as small PNGs.

import sharp from "sharp";
import type { ImportPicture } from "../../../shared/api/datasets.ts";
import { toPngUrl } from "./picture-url.ts";

const MAX_SIDE = 64;

interface PreviewPickerOptions {
  readonly wanted: number;
  /** How many pictures will be offered. */
  readonly of: number;
  readonly size: number;
  readonly channels: 1 | 3;
  onPicture(event: ImportPicture): void;
}

export class PreviewPicker {
  readonly #options: PreviewPickerOptions;
  #offered = 0;
  #picked = 0;
  #pending: Promise<void> = Promise.resolve();

  constructor(options: PreviewPickerOptions) {
    this.#options = options;
  }

  /** One stored picture, [channels][size][size]. Encoding goes on in the background. */
  offer(pixels: Uint8Array): void {
    const { wanted, of } = this.#options;
    const at = this.#offered++;
    if (this.#picked >= wanted || at < Math.floor((this.#picked * of) / wanted)) return;
    const number = this.#picked++;
    const own = pixels.slice();
    this.#pending = this.#pending.then(() => this.#encode(own, number));
  }

  finish(): Promise<void> {
    return this.#pending;
  }

  async #encode(pixels: Uint8Array, number: number): Promise<void> {
    const { size, channels, onPicture } = this.#options;
    const raw = { width: size, height: size, channels };
    const png = sharp(channels === 1 ? pixels : interleave(pixels), { raw }).toColourspace(
      channels === 1 ? "b-w" : "srgb",
    );
    const small = size > MAX_SIDE ? png.resize(MAX_SIDE) : png;
    onPicture({ type: "picture", number, picture: toPngUrl(await small.png().toBuffer()) });
  }
}

function interleave(planes: Uint8Array): Uint8Array {
  const plane = planes.length / 3;
  const out = new Uint8Array(planes.length);
  for (let i = 0; i < plane; i++) for (let c = 0; c < 3; c++) out[3 * i + c] = planes[c * plane + i];
  return out;
}
