// Losses of classification and of gradient matching.
import type { Tensor } from "../engine/index.ts";

/** Mean over the batch of -sum(target * log softmax(logits)); targets [n, classes] are one-hot or soft. */
export function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return logits
    .logSoftmax()
    .mul(targets)
    .sum()
    .mul(-1 / logits.shape[0]);
}

/** Sum of squared differences. */
export function squaredDistance(a: Tensor, b: Tensor): Tensor {
  return a.sub(b).square().sum();
}

/** 1 - <a, b> / (|a||b| + 1e-6), over all elements. */
export function cosineDistance(a: Tensor, b: Tensor): Tensor {
  const lengths = a.square().sum().sqrt().mul(b.square().sum().sqrt());
  return a.mul(b).sum().div(lengths.add(1e-6)).neg().add(1);
}
