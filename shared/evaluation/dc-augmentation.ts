// DC's own augmentation, which its evaluation on MNIST uses: each image is shifted, zoomed or turned on the host (Zhao et al., ICLR 2021).
import type { HostArray } from "../engine/index.ts";
import { deriveKey, integers, type Key, uniform } from "../lib/random.ts";
import { rotateCubic } from "./rotate-cubic.ts";

const PADDING = 4;
const ZOOM = 0.2;
const TURN = 45;

/** One channel of an image, row by row. */
interface Plane {
  readonly pixels: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** The window at (row, column), from 0, of a plane padded by four pixels of `fill`. */
export function shiftPadded({ pixels, height, width }: Plane, row: number, column: number, fill: number): Float32Array {
  const out = new Float32Array(height * width).fill(fill);
  for (let y = 0; y < height; y++) {
    const from = y + row - PADDING;
    if (from < 0 || from >= height) continue;
    for (let x = 0; x < width; x++) {
      const at = x + column - PADDING;
      if (at >= 0 && at < width) out[y * width + x] = pixels[from * width + at];
    }
  }
  return out;
}

/** Resized to `rows` x `columns` by the nearest pixel, centred among zeros, and cut to the old size. */
export function zoomNearest({ pixels, height, width }: Plane, rows: number, columns: number): Float32Array {
  const side = Math.max(rows, columns, height, width);
  const margin = (length: number) => Math.floor((side - length) / 2);
  const out = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const row = y + margin(height) - margin(rows);
    if (row < 0 || row >= rows) continue;
    const from = Math.floor((row * height) / rows) * width;
    for (let x = 0; x < width; x++) {
      const column = x + margin(width) - margin(columns);
      if (column < 0 || column >= columns) continue;
      out[y * width + x] = pixels[from + Math.floor((column * width) / columns)];
    }
  }
  return out;
}

/** Images [n, c, h, w], each changed by one of the three, drawn anew for each; what is uncovered has the batch's mean, zoomed images zero. */
export function augmentAsDc(key: Key, { shape, data }: HostArray): HostArray {
  const [count, channels, height, width] = shape;
  const size = height * width;
  const plane = (image: number, channel: number) =>
    data.subarray((image * channels + channel) * size).subarray(0, size);
  const means = Array.from({ length: channels }, (_, channel) => {
    let sum = 0;
    for (let image = 0; image < count; image++) for (const value of plane(image, channel)) sum += value;
    return sum / (count * size);
  });
  const mean = means.reduce((sum, each) => sum + each, 0) / channels;
  const out = new Float32Array(data.length);
  for (let image = 0; image < count; image++) {
    const own = deriveKey(key, image);
    const [choice] = integers(own, 1, 3);
    const [first, second] = uniform(deriveKey(own, "by"), 2);
    for (let channel = 0; channel < channels; channel++) {
      const from = { pixels: Float32Array.from(plane(image, channel)), height, width };
      const changed = [
        () => shiftPadded(from, Math.floor(first * 2 * PADDING), Math.floor(second * 2 * PADDING), means[channel]),
        () => zoomNearest(from, zoomed(first, height), zoomed(second, width)),
        () => rotateCubic(from, Math.floor((2 * first - 1) * TURN), mean),
      ][choice]();
      out.set(changed, (image * channels + channel) * size);
    }
  }
  return { shape, data: out };
}

const zoomed = (u: number, length: number) => Math.floor((1 - ZOOM + 2 * ZOOM * u) * length);
