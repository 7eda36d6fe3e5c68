// A small distilled set that tests write, read and export: three classes, two images each.
import type { DistilledSet } from "../../shared/data/distilled-set.ts";
import { denormalise } from "../../shared/data/normaliser.ts";

export function sampleSet({
  classNames = ["Ankle boot", "CON", "a/b: été"],
  ipc = 2,
  size = 6,
  channels = 3,
}: {
  classNames?: string[];
  ipc?: number;
  size?: number;
  channels?: 1 | 3;
} = {}): DistilledSet {
  const n = classNames.length * ipc;
  const mean = [0.5, 0.25, 0.75].slice(0, channels);
  const std = [0.25, 0.5, 0.125].slice(0, channels);
  const images = new Float32Array(n * channels * size * size);
  // Every pixel is a level of 8 bits, so that de-normalising must give it back exactly.
  for (let i = 0; i < images.length; i++) {
    const channel = Math.floor(i / (size * size)) % channels;
    images[i] = (((i * 37) % 256) / 255 - mean[channel]!) / std[channel]!;
  }
  return {
    images,
    shape: [n, channels, size, size],
    labels: { kind: "hard", values: Int32Array.from({ length: n }, (_, i) => Math.floor(i / ipc)) },
    normaliser: { kind: "standard", mean, std },
    classNames,
    ipc,
    recipe: { version: 1, ipc, method: { id: "dm", steps: 20 } },
    fingerprint: "sha256:0123abcd",
    extra: { imageLearningRate: { dtype: "F32", shape: [], data: Float32Array.of(0.5) } },
  };
}

/** The same pictures under a transform whose inverse is known: (2 I + J / D)^-1 = (I - J / 3 D) / 2, J all ones. */
export function whitened(): DistilledSet {
  const plain = sampleSet();
  const size = plain.images.length / plain.shape[0];
  const matrix = (diagonal: number, all: number) =>
    Float32Array.from({ length: size * size }, (_, i) => all + (i % (size + 1) === 0 ? diagonal : 0));
  const mean = Float32Array.from({ length: size }, (_, p) => (p % 16) / 32);
  const pixels = denormalise(plain.images, plain.shape, plain.normaliser);
  const images = pixels.map((_, i) => {
    const first = i - (i % size);
    let sum = 0;
    for (let p = 0; p < size; p++) sum += pixels[first + p] - mean[p];
    return 2 * (pixels[i] - mean[i % size]) + sum / size;
  });
  const normaliser = {
    kind: "zca",
    mean,
    transform: matrix(2, 1 / size),
    inverse: matrix(0.5, -1 / (6 * size)),
  } as const;
  return { ...plain, images: Float32Array.from(images), normaliser };
}
