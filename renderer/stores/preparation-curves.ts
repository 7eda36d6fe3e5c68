// Curves of what a run prepares before its first step, which its events number as one row of parts: the training of each expert,
// of the network whose features tell images apart, and how well the chosen images stand for all.
import type { NamedCurve } from "./detail-curves.ts";
import { type RunState, type Series, seriesKey } from "./run-state.ts";

const ofPreparation = ({ series }: Pick<RunState, "series">, name: string): Series | undefined =>
  series[seriesKey("prepare", name)];

const byStep = (series: Series | undefined) =>
  new Map(series?.steps.map((step, at) => [step, series.values[at]] as const));

export interface ExpertWords {
  readonly expert: (index: number) => string;
  readonly mean: (experts: number) => string;
  readonly lowest: string;
  readonly highest: string;
}

/** More curves would hide each other. */
const MOST_EXPERTS = 6;

/** One curve for each expert over its epochs, or the newest's beside mean and range of many; empty for methods without. */
export function expertCurves(
  run: Pick<RunState, "series">,
  name: "loss" | "accuracy",
  words: ExpertWords,
): NamedCurve[] {
  const [experts, epochs, values] = ["expert", "epoch", name].map((each) => byStep(ofPreparation(run, each)));
  const curves = new Map<number, { steps: number[]; values: number[] }>();
  for (const [step, value] of values) {
    const [expert, epoch] = [experts.get(step), epochs.get(step)];
    if (expert === undefined || epoch === undefined) continue;
    const curve = curves.get(expert) ?? { steps: [], values: [] };
    curves.set(expert, curve);
    curve.steps.push(epoch);
    curve.values.push(value);
  }
  const each = [...curves]
    .sort(([a], [b]) => a - b)
    .map(([expert, curve]) => ({ label: words.expert(expert), ...curve }));
  return each.length <= MOST_EXPERTS ? each : summariseExperts(each, words);
}

function summariseExperts(experts: readonly NamedCurve[], words: ExpertWords): NamedCurve[] {
  const byEpoch = new Map<number, number[]>();
  for (const { steps, values } of experts) {
    steps.forEach((epoch, at) => void byEpoch.set(epoch, [...(byEpoch.get(epoch) ?? []), values[at]]));
  }
  const epochs = [...byEpoch].sort(([a], [b]) => a - b);
  const curve = (label: string, of: (values: readonly number[]) => number): NamedCurve => ({
    label,
    steps: epochs.map(([epoch]) => epoch),
    values: epochs.map(([, values]) => of(values)),
  });
  return [
    ...experts.slice(-1),
    curve(words.mean(experts.length), (values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    curve(words.lowest, (values) => Math.min(...values)),
    curve(words.highest, (values) => Math.max(...values)),
  ];
}

/** What other parts tell of themselves, numbered from 1; empty where they tell nothing. */
export function partCurve(run: Pick<RunState, "series">, name: "loss" | "offset", label: string): NamedCurve[] {
  const experts = byStep(ofPreparation(run, "expert"));
  const values = [...byStep(ofPreparation(run, name))].filter(([step]) => !experts.has(step)).map(([, value]) => value);
  return values.length === 0 ? [] : [{ label, steps: values.map((_, at) => at + 1), values }];
}
