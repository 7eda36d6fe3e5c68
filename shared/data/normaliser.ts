// What makes real pixels into the numbers that networks see, and back. A distilled set is kept with its own, since its images mean
// nothing without it.
import { addProduct } from "../lib/add-product.ts";

/** normalised = (pixel / 255 - mean) / std, per channel. */
export interface StandardNormaliser {
  readonly kind: "standard";
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * ZCA whitening: with an image as a row of D = channels * height * width values, normalised = (pixel / 255 - mean) transform, and
 * pixel / 255 = normalised inverse + mean.
 */
export interface ZcaNormaliser {
  readonly kind: "zca";
  /** [D] */
  readonly mean: Float32Array;
  /** [D][D] */
  readonly transform: Float32Array;
  /** [D][D] */
  readonly inverse: Float32Array;
}

/** What is added to every eigenvalue: large beside most of them, so that noise is not blown up to the size of the picture. */
export const ZCA_EPSILON = 0.1;
/** The most values of an image, as of 32 x 32 in colour: the transform has as many rows and columns. */
export const ZCA_MAX_DIMENSIONS = 3 * 32 * 32;

export type SetNormaliser = StandardNormaliser | ZcaNormaliser;

/** What files of JSON say of it: a transform's millions of numbers stay with the set. */
export function describeNormaliser(
  normaliser: SetNormaliser,
): StandardNormaliser | { kind: "zca"; dimensions: number } {
  return normaliser.kind === "standard" ? normaliser : { kind: "zca", dimensions: normaliser.mean.length };
}

/** Normalised images [n][channels][height][width] as pixels, of which 0 is black and 1 white; nothing is clipped. */
export function denormalise(
  images: Float32Array,
  [, channels, height, width]: readonly [n: number, channels: number, height: number, width: number],
  normaliser: SetNormaliser,
): Float64Array {
  if (normaliser.kind === "zca") return unwhiten(images, normaliser);
  const { mean, std } = normaliser;
  const area = height * width;
  const pixels = new Float64Array(images.length);
  for (let start = 0, channel = 0; start < images.length; start += area, channel = (channel + 1) % channels) {
    for (let i = start; i < start + area; i++) pixels[i] = images[i] * std[channel] + mean[channel];
  }
  return pixels;
}

/** Pixels, of which 0 is black and 1 white, as networks see them: the inverse of `denormalise`. */
export function normalise(
  pixels: Float64Array,
  [, channels, height, width]: readonly [n: number, channels: number, height: number, width: number],
  normaliser: SetNormaliser,
): Float32Array {
  if (normaliser.kind === "zca") return whiten(pixels, normaliser);
  const { mean, std } = normaliser;
  const area = height * width;
  return Float32Array.from(pixels, (value, at) => {
    const channel = Math.floor(at / area) % channels;
    return (value - mean[channel]) / std[channel];
  });
}

function whiten(pixels: Float64Array, { mean, transform }: ZcaNormaliser): Float32Array {
  const size = mean.length;
  const out = new Float64Array(pixels.length);
  const centred = pixels.map((value, at) => value - mean[at % size]);
  addProduct({ m: pixels.length / size, n: size, k: size }, centred, transform, out);
  return Float32Array.from(out);
}

function unwhiten(images: Float32Array, { mean, inverse }: ZcaNormaliser): Float64Array {
  const size = mean.length;
  const out = new Float64Array(images.length);
  for (let at = 0; at < images.length; at += size) out.set(mean, at);
  addProduct({ m: images.length / size, n: size, k: size }, images, inverse, out);
  return out;
}
