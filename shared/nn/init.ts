// PyTorch's default initialisation of convolutions and linear layers.
import type { HostArray } from "../engine/index.ts";
import { sizeOf } from "../engine/index.ts";
import { deriveKey, type Key, uniform } from "../lib/random.ts";

export type WeightAndBias = {
  readonly weight: HostArray;
  readonly bias: HostArray;
};

/** Weight and bias uniform in +-1/sqrt(fanIn), where fanIn is the size of one output's weights (Kaiming, a = sqrt 5). */
export function linearInit(key: Key, shape: readonly number[]): WeightAndBias {
  const bound = 1 / Math.sqrt(sizeOf(shape.slice(1)));
  return {
    weight: { shape, data: uniform(deriveKey(key, "weight"), sizeOf(shape), -bound, bound) },
    bias: { shape: [shape[0]], data: uniform(deriveKey(key, "bias"), shape[0], -bound, bound) },
  };
}

/** Scale one, shift zero. */
export function normInit(channels: number): WeightAndBias {
  return {
    weight: { shape: [channels], data: new Float32Array(channels).fill(1) },
    bias: { shape: [channels], data: new Float32Array(channels) },
  };
}
