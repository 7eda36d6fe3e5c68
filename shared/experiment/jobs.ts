// The trainings of an evaluation, in order.
import type { Recipe } from "../recipe/index.ts";
import type { EvaluatedSet } from "./events.ts";

/** One fresh network to train on one set. */
export interface Job {
  readonly set: EvaluatedSet;
  readonly net: string;
  readonly trial: number;
}

/**
 * Every job of a recipe: trial by trial, each set in turn, so that a comparison grows evenly. `hasBest`: the best step on
 * held-out images is known, and judged apart from the last.
 */
export function listJobs({ evaluation }: Pick<Recipe, "evaluation">, hasBest = false): Job[] {
  const sets: EvaluatedSet[] = ["distilled", ...(hasBest ? ["best" as const] : []), ...evaluation.baselines];
  const trials = Array.from({ length: evaluation.trials }, (_, trial) => trial);
  return evaluation.nets.flatMap((net) => trials.flatMap((trial) => sets.map((set) => ({ set, net, trial }))));
}
