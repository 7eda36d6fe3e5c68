// PyTorch's default initialisation of convolutions, linear layers and norms.
import type { HostArray } from "../engine/index.ts";
import { sizeOf } from "../engine/index.ts";
import { deriveKey, type Key, uniform } from "../lib/random.ts";

export type WeightAndBias = {
  readonly weight: HostArray;
  readonly bias: HostArray;
};

/** Uniform in +-1/sqrt(fanIn), where fanIn is the size of one output's weights (Kaiming, a = sqrt 5). */
export function weightInit(key: Key, shape: readonly number[]): HostArray {
  const bound = boundOf(shape);
  return { shape, data: uniform(deriveKey(key, "weight"), sizeOf(shape), -bound, bound) };
}

/** Weight and bias, both within the bound of the weight. */
export function linearInit(key: Key, shape: readonly number[]): WeightAndBias {
  const bound = boundOf(shape);
  return {
    weight: weightInit(key, shape),
    bias: { shape: [shape[0]], data: uniform(deriveKey(key, "bias"), shape[0], -bound, bound) },
  };
}

const boundOf = (shape: readonly number[]) => 1 / Math.sqrt(sizeOf(shape.slice(1)));

/** Scale one, shift zero. */
export function normInit(shape: readonly number[]): WeightAndBias {
  return {
    weight: { shape, data: new Float32Array(sizeOf(shape)).fill(1) },
    bias: { shape, data: new Float32Array(sizeOf(shape)) },
  };
}
