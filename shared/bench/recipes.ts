// What the benchmarks' numbers are drawn from: the generator and recipes of the peers' suite, so that every library is given
// the same weights and images to the bit.
import type { HostArray } from "../engine/index.ts";
import { sizeOf } from "../engine/index.ts";

/** Uniform numbers in [0, 1): Mulberry32 (Tommy Ettinger, 2017). */
function createUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Normal numbers by Box-Muller, each pair from two uniform ones, rounded to float32. */
export function drawNormal(seed: number, shape: readonly number[], deviation = 1, mean = 0): HostArray {
  const uniform = createUniform(seed);
  const data = new Float32Array(sizeOf(shape));
  for (let at = 0; at < data.length; at += 2) {
    let first = uniform();
    while (first < 1e-12) first = uniform();
    const angle = 2 * Math.PI * uniform();
    const radius = Math.sqrt(-2 * Math.log(first));
    data[at] = mean + deviation * (radius * Math.cos(angle));
    data[at + 1] = mean + deviation * (radius * Math.sin(angle)); // beyond the end of an odd length: ignored
  }
  return { shape, data };
}

/** `array` and noise of this deviation. */
export function addNoise({ shape, data }: HostArray, seed: number, deviation: number): HostArray {
  const noise = drawNormal(seed, shape, deviation).data;
  return { shape, data: Float32Array.from(data, (value, at) => value + noise[at]) };
}

/** Images of ten classes: each is the pattern of its class and noise, both of deviation 0.7. */
export function drawImages(seed: number, labels: readonly number[], imageShape: readonly number[]): HostArray {
  const patterns = Array.from({ length: CLASSES }, (_, label) => drawNormal(77 + label, imageShape, 0.7).data);
  const { shape, data } = drawNormal(seed, [labels.length, ...imageShape], 0.7);
  const size = sizeOf(imageShape);
  labels.forEach((label, image) => {
    for (let at = 0; at < size; at++) data[image * size + at] += patterns[label][at];
  });
  return { shape, data };
}

export const CLASSES = 10;

export function oneHot(labels: readonly number[]): HostArray {
  const data = new Float32Array(labels.length * CLASSES);
  labels.forEach((label, image) => void (data[image * CLASSES + label] = 1));
  return { shape: [labels.length, CLASSES], data };
}
