// What an augmentation is as data: the arrays that the one DSA program reads, neutral where the drawn op has no use for them.
import type { HostArray } from "../../engine/index.ts";

/** A sparse map over the pixels of one image, four taps a pixel: indices and weights [pixels * 4]. */
export interface PixelMap {
  readonly indices: Int32Array;
  readonly weights: Float64Array;
}

/** y = scale x + channel mean(x over channels) + image mean(x) + shift. */
export interface ColourMap {
  readonly scale: number;
  readonly channel: number;
  readonly image: number;
  readonly shift: number;
}

/** One set of parameters of one op; what is left out is neutral. */
export interface Augmentation {
  readonly map?: PixelMap;
  readonly colour?: ColourMap;
  /** 1 where a pixel is kept, [pixels]. */
  readonly mask?: Float32Array;
}

/** Arrays for `augment`: `maps` sets of parameters, one for each group of images. */
export interface AugmentationArrays {
  readonly indices: HostArray;
  readonly weights: HostArray;
  readonly adjointIndices?: HostArray;
  readonly adjointWeights?: HostArray;
  /** [maps, 4]: scale, channel, image, shift. */
  readonly colour: HostArray;
  /** [maps, 1, height, width] */
  readonly mask: HostArray;
}

const TAPS = 4;
/** The most pixels that read one pixel: a zoom by 1.2 in both directions touches 3 x 3. */
const ADJOINT_TAPS = 9;

/** Packs drawn parameters into arrays of `Floats`; `differentiable` adds the transposed maps. */
export function packAugmentations(
  drawn: readonly Augmentation[],
  height: number,
  width: number,
  differentiable: boolean,
  Floats: Float32ArrayConstructor | Float64ArrayConstructor = Float32Array,
): AugmentationArrays {
  const pixels = height * width;
  const maps = drawn.length;
  const indices = new Int32Array(maps * pixels * TAPS);
  const weights = new Floats(maps * pixels * TAPS);
  const colour = new Floats(maps * 4);
  const mask = new Float32Array(maps * pixels).fill(1);
  const same = identity(pixels);
  drawn.forEach((each, at) => {
    const base = at * pixels * TAPS;
    const map = each.map ?? same;
    indices.set(map.indices, base);
    weights.set(map.weights, base);
    const { scale, channel, image, shift } = each.colour ?? { scale: 1, channel: 0, image: 0, shift: 0 };
    colour.set([scale, channel, image, shift], at * 4);
    if (each.mask) mask.set(each.mask, at * pixels);
  });
  return {
    indices: { shape: [maps, pixels, TAPS], data: indices },
    weights: { shape: [maps, pixels, TAPS], data: weights },
    ...(differentiable ? transpose(indices, weights, maps, pixels, Floats) : {}),
    colour: { shape: [maps, 4], data: colour },
    mask: { shape: [maps, 1, height, width], data: mask },
  };
}

/** Every pixel takes itself. */
function identity(pixels: number): PixelMap {
  const indices = Int32Array.from({ length: pixels * TAPS }, (_, at) => Math.floor(at / TAPS));
  const weights = Float64Array.from({ length: pixels * TAPS }, (_, at) => (at % TAPS === 0 ? 1 : 0));
  return { indices, weights };
}

/** The transposed maps: for each pixel, who reads it and how strongly. */
function transpose(
  indices: Int32Array,
  weights: Float32Array | Float64Array,
  maps: number,
  pixels: number,
  Floats: Float32ArrayConstructor | Float64ArrayConstructor,
) {
  const counts = new Int32Array(maps * pixels);
  const width = widestRow(indices, weights, maps, pixels, counts);
  counts.fill(0);
  const adjointIndices = new Int32Array(maps * pixels * width);
  const adjointWeights = new Floats(maps * pixels * width);
  for (let at = 0; at < indices.length; at++) {
    if (weights[at] === 0) continue;
    const reader = Math.floor(at / TAPS);
    const map = Math.floor(reader / pixels);
    const source = map * pixels + indices[at];
    const to = source * width + counts[source]++;
    adjointIndices[to] = reader - map * pixels;
    adjointWeights[to] = weights[at];
  }
  const shape = [maps, pixels, width];
  return { adjointIndices: { shape, data: adjointIndices }, adjointWeights: { shape, data: adjointWeights } };
}

/** Room for the pixel that is read most often: nine, so that the program's shapes do not change from draw to draw. */
function widestRow(
  indices: Int32Array,
  weights: Float32Array | Float64Array,
  maps: number,
  pixels: number,
  counts: Int32Array,
): number {
  for (let at = 0; at < indices.length; at++) {
    if (weights[at] !== 0) counts[Math.floor(at / (TAPS * pixels)) * pixels + indices[at]]++;
  }
  let most = ADJOINT_TAPS;
  for (let at = 0; at < maps * pixels; at++) most = Math.max(most, counts[at]);
  return most;
}
