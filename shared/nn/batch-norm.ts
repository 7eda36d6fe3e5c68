// The batch-norm layer: batch statistics in training, running ones in evaluation, and both as tensors for whoever matches them.
import type { HostArray, Tensor } from "../engine/index.ts";

/** Mean and variance of each channel, [c]. */
export interface Statistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

const EPSILON = 1e-5;
/** PyTorch's: how much of the running statistics a batch replaces. */
const MOMENTUM = 0.1;

/** Running statistics that have seen nothing: mean zero, variance one. */
export function freshStatistics(channels: number): { readonly mean: HostArray; readonly variance: HostArray } {
  const shape = [channels];
  return {
    mean: { shape, data: new Float32Array(channels) },
    variance: { shape, data: new Float32Array(channels).fill(1) },
  };
}

/** Mean and biased variance of each channel over images and pixels. */
export function batchStatistics(x: Tensor): Statistics {
  return { mean: x.mean([0, 2, 3]), variance: x.variance([0, 2, 3]) };
}

/** The running statistics after a batch; the variance that they keep is the unbiased one. */
export function updateStatistics(running: Statistics, x: Tensor): Statistics {
  const batch = batchStatistics(x);
  const count = x.size / x.shape[1];
  const blend = (kept: Tensor, fresh: Tensor, scale: number) => kept.mul(1 - MOMENTUM).add(fresh.mul(MOMENTUM * scale));
  return {
    mean: blend(running.mean, batch.mean, 1),
    variance: blend(running.variance, batch.variance, count / Math.max(1, count - 1)),
  };
}

/** Normalises [n, c, h, w] by given statistics: one product and one sum for each pixel. */
export function normaliseBy({ mean, variance }: Statistics, x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  const perChannel = [1, x.shape[1], 1, 1];
  const factor = variance.add(EPSILON).sqrt().reciprocal().mul(scale);
  return x.mul(factor.reshape(perChannel)).add(shift.sub(mean.mul(factor)).reshape(perChannel));
}
