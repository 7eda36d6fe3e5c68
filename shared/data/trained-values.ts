// A distilled set in exact values: what they range over, and drawn on one linear scale.
import type { DistilledSet, PixelSet } from "./distilled-set.ts";
import { denormalise } from "./normaliser.ts";

export interface ValueRange {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

type Values = Pick<DistilledSet, "images" | "shape">;

/**
 * The values to show: normalised, as networks see them, where each stands for one pixel. Whitened ones mix all pixels: of those the
 * pixels that they stand for are shown, 0 for black and 1 for white, before anything is clipped.
 */
export function exactValues({ images, shape, normaliser }: DistilledSet): Values & { space: "normalised" | "pixels" } {
  if (normaliser.kind === "standard") return { images, shape, space: "normalised" };
  return { images: Float32Array.from(denormalise(images, shape, normaliser)), shape, space: "pixels" };
}

/** Of each image, in order. */
export function measureImages({ images, shape: [count] }: Values): ValueRange[] {
  const size = images.length / Math.max(1, count);
  return Array.from({ length: count }, (_, image) => {
    let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    for (let i = image * size; i < (image + 1) * size; i++) {
      const value = images[i];
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
    }
    return { min, max, mean: sum / size };
  });
}

/** The lowest value of the whole set is black and the highest white, in every channel: nothing is clipped. */
export function toLinearPixels({ images, shape }: Values): Omit<PixelSet, "clipped"> {
  const [count, channels, height, width] = shape;
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of images) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const scale = max > min ? 255 / (max - min) : 0;
  const area = height * width;
  const pixels = new Uint8Array(images.length);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < channels; c++) {
      const plane = (i * channels + c) * area;
      for (let p = 0; p < area; p++) {
        pixels[(i * area + p) * channels + c] = Math.round((images[plane + p] - min) * scale);
      }
    }
  }
  return { pixels, count, width, height, channels };
}
