// Distances between the gradients that real and synthetic images give to a network's parameters.
import type { Tensor } from "../engine/index.ts";
import { cosineDistance, rowCosineDistance, squaredDistance } from "../nn/losses.ts";

/** Terms that add up to the distance, from the gradients of all parameters, tensor by tensor. */
type Distance = (real: readonly Tensor[], synthetic: readonly Tensor[]) => Tensor[];

/**
 * The layer-wise D of DC (Zhao, Mopuri & Bilen, ICLR 2021, section 3.3): one term for each tensor of more than one dimension,
 * the sum over its rows (output channels, output units, channels of layer norm) of 1 - <G, G'> / (|G||G'| + 1e-6). Biases and the
 * scales and shifts of the other norms, which have one dimension, count for nothing. A row of zeros counts for exactly 1.
 */
const layerwise: Distance = (real, synthetic) =>
  real.flatMap((each, at) => (each.rank > 1 ? [rowCosineDistance(each, synthetic[at])] : []));

/** Ablation: squared differences, one term for each tensor. */
const mse: Distance = (real, synthetic) => real.map((each, at) => squaredDistance(each, synthetic[at]));

/** Ablation: one cosine over all parameters, hence one term. */
const cosine: Distance = (real, synthetic) => [cosineDistance(joinAll(real), joinAll(synthetic))];

function joinAll(tensors: readonly Tensor[]): Tensor {
  const [first, ...others] = tensors.map((each) => each.reshape([each.size]));
  return first.concat(others, 0);
}

export const distances = { layerwise, mse, cosine };
export type DistanceName = keyof typeof distances;
export const distanceNames = Object.keys(distances) as [DistanceName];
