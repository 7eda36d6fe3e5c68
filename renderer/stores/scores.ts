// Accuracies of a run's sets: trials gathered by set and network, with mean and spread.
import type { EvaluationFile } from "../../shared/api/runs.ts";
import type { Evaluation } from "./run-state.ts";

export interface Score {
  readonly set: Evaluation["set"];
  readonly net: string;
  readonly ipc: number;
  readonly trials: readonly number[];
  readonly mean: number;
  /** Of the population, as in evaluation.json. */
  readonly std: number;
}

const order: readonly Evaluation["set"][] = ["distilled", "best", "random", "herding", "k-center", "k-means", "whole"];

/** In the order distilled, random, ...; each trial counts once, also where a resumed run told it twice. */
export function gatherScores(evaluations: readonly Evaluation[]): Score[] {
  const groups = new Map<string, { first: Evaluation; trials: Map<number, number> }>();
  for (const each of evaluations) {
    const key = `${each.set}/${each.net}/${each.ipc}`;
    const group = groups.get(key) ?? { first: each, trials: new Map() };
    group.trials.set(each.trial, each.accuracy);
    groups.set(key, group);
  }
  const scores = [...groups.values()].map(({ first: { set, net, ipc }, trials }) => {
    const list = [...trials.values()];
    const mean = list.reduce((sum, each) => sum + each, 0) / list.length;
    const std = Math.sqrt(list.reduce((sum, each) => sum + (each - mean) ** 2, 0) / list.length);
    return { set, net, ipc, trials: list, mean, std };
  });
  return scores.sort((a, b) => order.indexOf(a.set) - order.indexOf(b.set) || a.net.localeCompare(b.net));
}

/** The same from the file of a finished run. */
export function scoresOf(file: EvaluationFile): Score[] {
  return file.results.map(({ set, net, ipc, trials, mean, std }) => ({ set, net, ipc, trials, mean, std }));
}
