// The table of results of runs side by side: accuracies with spread, best and last values.
import type { RunRecord } from "../../shared/api/runs.ts";
import { type CurveSummary, summarise } from "./decimate.ts";
import { formatCount, formatPercent, formatSpread, formatValue } from "./format.ts";
import type { Score } from "./scores.ts";
import { isObject, type Json } from "./tree.ts";

export interface Side {
  readonly scores: readonly Score[];
  readonly loss: { readonly steps: readonly number[]; readonly values: readonly number[] };
}

export interface ResultWords {
  readonly set: (set: Score["set"]) => string;
  readonly best: (set: string) => string;
  readonly lastLoss: string;
  readonly lowestLoss: string;
  readonly atStep: (value: string, step: string) => string;
  readonly missing: string;
}

export interface ResultRow {
  readonly name: string;
  readonly values: readonly string[];
  /** The side with the best value, where more than one has a value and they differ. */
  readonly best: number | undefined;
}

/** What may differ between runs: the recipe, which data it was given, and what computed it. */
export function toSettings({ recipe, dataset, adapter }: Pick<RunRecord, "recipe" | "dataset" | "adapter">): Json {
  const given = isObject(recipe) ? recipe : {};
  const { name, fingerprint } = dataset;
  const asked = isObject(given.dataset) ? given.dataset : {};
  return { ...given, dataset: { name, fingerprint: fingerprint.slice(0, 8), ...asked }, adapter } as Json;
}

/** Counts of an evaluation, and what it adds; an accuracy means the same with others. */
const APART = ["evaluation.trials", "evaluation.baselines", "evaluation.everySteps"];

/**
 * Which of the settings that differ make accuracies those of different experiments: the data, the number of images, the networks that
 * are judged, how they are trained. Differences of the method, of its start and of its seed are what is compared.
 */
export function findProtocolDifferences(paths: readonly string[]): string[] {
  const rules = paths.map((path) => {
    if (path === "dataset.name" || APART.includes(path)) return [];
    if (path === "dataset.fingerprint") return ["dataset"];
    return /^(dataset|network|augmentation|evaluation)\.|^ipc$/.test(path) ? [path] : [];
  });
  return rules.flat();
}

/**
 * One row for each set and network that any side was evaluated with, then the loss. The best is told where the sides are those of
 * one experiment.
 */
export function listResults(sides: readonly Side[], words: ResultWords, isOneExperiment = true): ResultRow[] {
  const keys = [...new Set(sides.flatMap(({ scores }) => scores.map(({ set, net }) => `${set}/${net}`)))];
  const nets = new Set(keys.map((key) => key.slice(key.indexOf("/") + 1)));
  const rows = keys.flatMap((key): ResultRow[] => {
    const found = sides.map(({ scores }) => scores.find(({ set, net }) => `${set}/${net}` === key));
    const [{ set, net }] = found.filter((each) => each !== undefined);
    const name = nets.size > 1 ? `${words.set(set)}, ${net}` : words.set(set);
    const spread: ResultRow = {
      name,
      values: found.map((score) => (score ? formatSpread(score.mean, score.std) : words.missing)),
      best: set === "distilled" ? findBest(found.map((score) => score?.mean)) : undefined,
    };
    if (set !== "distilled") return [spread];
    const tops = found.map((score) => (score ? Math.max(...score.trials) : undefined));
    const top = {
      name: words.best(name),
      values: tops.map((value) => (value === undefined ? words.missing : `${formatPercent(value)} %`)),
      best: findBest(tops),
    };
    return [spread, top];
  });
  const losses = sides.map(({ loss }) => summarise(loss));
  const toRow = (name: string, pick: (summary: CurveSummary) => { step: number; value: number }): ResultRow => ({
    name,
    values: losses.map((summary) => {
      if (!summary) return words.missing;
      const { step, value } = pick(summary);
      return words.atStep(formatValue(value), formatCount(step));
    }),
    best: undefined, // losses of different settings have different scales
  });
  const last = toRow(words.lastLoss, (summary) => summary.last);
  const lowest = toRow(words.lowestLoss, (summary) => summary.lowest);
  return [...rows, last, lowest].map((row) => (isOneExperiment ? row : { ...row, best: undefined }));
}

function findBest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  if (known.length < 2 || known.every((value) => value === known[0])) return undefined;
  return values.indexOf(Math.max(...known));
}
