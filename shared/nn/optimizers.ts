// Optimiser updates as pure functions of tensors, in PyTorch's form.
import type { Tensor } from "../engine/index.ts";

export interface SgdOptions {
  readonly momentum: number;
  readonly weightDecay: number;
}

/** v <- momentum v + (g + weightDecay w); w <- w - rate v. A first step with v = 0 is PyTorch's. */
export function sgd(
  parameter: Tensor,
  velocity: Tensor,
  gradient: Tensor,
  rate: Tensor | number,
  { momentum, weightDecay }: SgdOptions,
): { parameter: Tensor; velocity: Tensor } {
  const decayed = weightDecay === 0 ? gradient : gradient.add(parameter.mul(weightDecay));
  const next = momentum === 0 ? decayed : velocity.mul(momentum).add(decayed);
  return { parameter: parameter.sub(next.mul(rate)), velocity: next };
}
