// A published case and the best run of the same kind here, with what they were done differently.

import { type Case, isOfDataset } from "../../shared/recipe/published.ts";
import type { Seed } from "../../shared/recipe/seed.ts";
import type { ListedRun } from "./run-rows.ts";
import type { Score } from "./scores.ts";
import { isSame, type Json, listLeaves, readPath } from "./tree.ts";

export interface OurBest {
  readonly id: string;
  readonly name: string;
  readonly score: Score;
  /** Settings of the paper that the run has otherwise. */
  readonly differences: readonly { readonly path: string; readonly paper: Json; readonly ours: Json }[];
}

/** Undefined where no run of this method, dataset and ipc was evaluated. */
export function findOurBest(
  seed: Seed,
  each: Case,
  runs: readonly ListedRun[],
  scores: ReadonlyMap<string, readonly Score[]>,
): OurBest | undefined {
  const found = runs.flatMap(({ record }) => {
    const score = scores.get(record.id)?.find(({ set }) => set === "distilled");
    const isAlike =
      readPath(record.recipe, "method.id") === seed.method &&
      readPath(record.recipe, "ipc") === each.ipc &&
      isOfDataset(each, record.dataset.name);
    return score && isAlike ? [{ record, score }] : [];
  });
  const [best] = found.sort((a, b) => b.score.mean - a.score.mean);
  if (!best) return undefined;
  const paper = new Map(
    [...listLeaves(seed.defaults), ...listLeaves(each.set)].map(({ path, value }) => [path, value]),
  );
  const differences = [...paper].flatMap(([path, value]) => {
    const ours = readPath(best.record.recipe, path);
    return path === "ipc" || isSame(ours, value) ? [] : [{ path, paper: value, ours }];
  });
  return { id: best.record.id, name: best.record.name, score: best.score, differences };
}
