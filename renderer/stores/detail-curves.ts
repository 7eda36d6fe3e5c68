// Curves that are made of vectors: one for each class or layer, and the loss told apart by the epoch that its student started from.
import { type RunState, seriesKey } from "./run-state.ts";

export interface NamedCurve {
  readonly label: string;
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** One curve for each place of a method's vectors; `labels` name the places where there are as many. */
export function curvesOf(
  { details }: Pick<RunState, "details">,
  name: string,
  labels: readonly string[],
  nameOf: (place: number) => string,
): NamedCurve[] {
  const found = details[seriesKey("synthesise", name)];
  if (!found) return [];
  const width = found.vectors[0].length;
  return Array.from({ length: width }, (_, place) => ({
    label: labels.length === width ? labels[place] : nameOf(place),
    steps: found.steps,
    values: found.vectors.map((vector) => vector[place]),
  }));
}

/** The loss of the steps whose student started from each epoch of its expert; empty for other methods. */
export function lossByStart({ series }: Pick<RunState, "series">, nameOf: (epoch: number) => string): NamedCurve[] {
  const [losses, starts] = ["loss", "startEpoch"].map((name) => series[seriesKey("synthesise", name)]);
  if (!losses || !starts) return [];
  const startOf = new Map(starts.steps.map((step, i) => [step, starts.values[i]]));
  const curves = new Map<number, { steps: number[]; values: number[] }>();
  losses.steps.forEach((step, i) => {
    const start = startOf.get(step);
    if (start === undefined) return;
    const curve = curves.get(start) ?? { steps: [], values: [] };
    curves.set(start, curve);
    curve.steps.push(step);
    curve.values.push(losses.values[i]);
  });
  return [...curves].sort(([a], [b]) => a - b).map(([start, curve]) => ({ label: nameOf(start), ...curve }));
}
