// The table of results of runs side by side: accuracies with spread, best and last values.
import { type CurveSummary, summarise } from "./decimate.ts";
import { formatCount, formatPercent, formatSpread, formatValue } from "./format.ts";
import type { Score } from "./scores.ts";

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

/** One row for each set and network that any side was evaluated with, then the loss. */
export function listResults(sides: readonly Side[], words: ResultWords): ResultRow[] {
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
  return [...rows, last, lowest];
}

function findBest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  if (known.length < 2 || known.every((value) => value === known[0])) return undefined;
  return values.indexOf(Math.max(...known));
}
