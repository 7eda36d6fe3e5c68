// A published case beside a run of the same kind: both figures, and what the two were done differently with.

import {
  type Case,
  findNearestPublished,
  isOfDataset,
  isSameName,
  listLeftOut,
  listProtocolDifferences,
  type ProtocolDifference,
} from "../../shared/recipe/published.ts";
import type { Seed } from "../../shared/recipe/seed.ts";
import type { ListedRun } from "./run-rows.ts";
import type { Score } from "./scores.ts";
import { readPath } from "./tree.ts";

type RunRecord = ListedRun["record"];

export interface PaperAgainstOurs {
  readonly seed: Seed;
  readonly found: Case;
  readonly run: Pick<RunRecord, "id" | "name">;
  /** Undefined while nothing is measured. */
  readonly ours: Score | undefined;
  readonly differences: readonly ProtocolDifference[];
  /** What of the official evaluation ours leaves out, in sentences. */
  readonly leftOut: readonly string[];
}

/** `steps`: how many the run has made, where it was ended before its last. */
export function compareWithPaper(
  seed: Seed,
  found: Case,
  { id, name, recipe, dataset }: Pick<RunRecord, "id" | "name" | "recipe" | "dataset">,
  scores: readonly Score[],
  steps?: number,
): PaperAgainstOurs {
  const distilled = scores.filter(({ set }) => set === "distilled");
  const all = listProtocolDifferences(recipe, seed, found);
  const planned = all.find(({ path }) => path === "method.steps");
  const listed = steps === undefined ? all : all.filter((each) => each !== planned);
  const differences = [
    ...(isSameName(found.dataset, dataset.name)
      ? []
      : [{ path: "dataset", paper: found.dataset, ours: dataset.name } satisfies ProtocolDifference]),
    ...(steps === undefined
      ? []
      : [{ path: "method.steps", paper: planned?.paper ?? readPath(recipe, "method.steps"), ours: steps }]),
    ...listed,
  ];
  const ours = distilled.find(({ net }) => net === found.net) ?? distilled[0];
  return { seed, found, run: { id, name }, ours, differences, leftOut: listLeftOut(recipe) };
}

/** The case of a run's method, dataset and ipc; failing that, the nearest ipc of the dataset, which is not to be compared with. */
export function findCaseOf(
  { recipe, dataset }: Pick<RunRecord, "recipe" | "dataset">,
  seeds: readonly Seed[],
): { readonly seed: Seed; readonly found: Case; readonly isSameIpc: boolean } | undefined {
  const ipc = Number(readPath(recipe, "ipc"));
  const own = seeds.filter(({ method }) => method === readPath(recipe, "method.id"));
  const nearest = own.flatMap((seed) => {
    const found = findNearestPublished(seed, dataset.name, ipc);
    return found ? [{ seed, found, isSameIpc: found.ipc === ipc }] : [];
  });
  return nearest.find(({ isSameIpc }) => isSameIpc) ?? nearest[0];
}

/** Undefined where no run of this method, dataset and ipc was evaluated. */
export function findOurBest(
  seed: Seed,
  each: Case,
  runs: readonly ListedRun[],
  scores: ReadonlyMap<string, readonly Score[]>,
): (PaperAgainstOurs & { readonly ours: Score }) | undefined {
  const found = runs.flatMap(({ record }) => {
    const isAlike =
      readPath(record.recipe, "method.id") === seed.method &&
      readPath(record.recipe, "ipc") === each.ipc &&
      isOfDataset(each, record.dataset.name);
    if (!isAlike) return [];
    const compared = compareWithPaper(seed, each, record, scores.get(record.id) ?? []);
    return compared.ours ? [{ ...compared, ours: compared.ours }] : [];
  });
  return found.sort((a, b) => b.ours.mean - a.ours.mean)[0];
}
