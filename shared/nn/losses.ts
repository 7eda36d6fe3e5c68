// Losses of classification, of distillation from a teacher, and of matching gradients or statistics.
import type { Tensor } from "../engine/index.ts";
import type { Statistics } from "./batch-norm.ts";

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
  const lengths = a.norm().mul(b.norm());
  return a.mul(b).sum().div(lengths.add(1e-6)).neg().add(1);
}

/** Sum of absolute differences. */
export function absoluteDistance(a: Tensor, b: Tensor): Tensor {
  return a.sub(b).abs().sum();
}

/** Mean of squared differences over all elements. */
export function meanSquaredError(a: Tensor, b: Tensor): Tensor {
  return a.sub(b).square().mean();
}

/** KL(softmax(teacher / T) || softmax(student / T)), mean over the batch; both are logits [n, classes]. No factor of T^2. */
export function klDivergence(student: Tensor, teacher: Tensor, temperature: Tensor | number = 1): Tensor {
  const target = teacher.div(temperature).logSoftmax();
  const difference = target.sub(student.div(temperature).logSoftmax());
  return target
    .exp()
    .mul(difference)
    .sum()
    .mul(1 / student.shape[0]);
}

/** Cross-entropy against labels that are logits themselves, and may be learned. */
export function softLabelCrossEntropy(logits: Tensor, labelLogits: Tensor): Tensor {
  return crossEntropy(logits, labelLogits.logSoftmax().exp());
}

/** Sum over the rows of [rows, ...] of 1 - <a, b> / (|a||b| + 1e-6). */
export function rowCosineDistance(a: Tensor, b: Tensor): Tensor {
  const [x, y] = [a.flatten(), b.flatten()];
  const lengths = x.norm([1]).mul(y.norm([1]));
  return x.mul(y).sum([1]).div(lengths.add(1e-6)).neg().add(1).sum();
}

/** |v_running - v|_2 + |m_running - m|_2 of one layer: how far a batch's statistics are from those that a network has kept. */
export function statisticsDistance(batch: Statistics, running: Statistics): Tensor {
  return running.variance.sub(batch.variance).norm().add(running.mean.sub(batch.mean).norm());
}
