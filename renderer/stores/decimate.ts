// A curve for the screen: the lowest and the highest value of each pixel column, so that no spike is lost.
import { countBelow } from "./run-state.ts";

export interface Point {
  readonly step: number;
  readonly value: number;
}

interface Curve {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** At most two points for each of `buckets` columns of [from, to], in order; all points where they are few. */
export function decimate({ steps, values }: Curve, from: number, to: number, buckets: number): Point[] {
  const first = countBelow(steps, from);
  const end = countBelow(steps, to + 1);
  const points: Point[] = [];
  const add = (index: number) => points.push({ step: steps[index], value: values[index] });
  if (end - first <= 2 * buckets) {
    for (let i = first; i < end; i++) add(i);
    return points;
  }
  const width = (to - from + 1) / buckets;
  for (let i = first; i < end; ) {
    const bucket = Math.floor((steps[i] - from) / width);
    let [low, high] = [i, i];
    for (; i < end && Math.floor((steps[i] - from) / width) === bucket; i++) {
      if (values[i] < values[low]) low = i;
      if (values[i] > values[high]) high = i;
    }
    add(Math.min(low, high));
    if (low !== high) add(Math.max(low, high));
  }
  return points;
}

/** The measured point nearest to a step: what a tooltip tells, never a decimated one. */
export function nearestPoint({ steps, values }: Curve, step: number): Point | undefined {
  if (steps.length === 0) return undefined;
  const above = Math.min(countBelow(steps, step), steps.length - 1);
  const index = above > 0 && step - steps[above - 1] <= steps[above] - step ? above - 1 : above;
  return { step: steps[index], value: values[index] };
}

export interface CurveSummary {
  readonly first: Point;
  readonly last: Point;
  readonly lowest: Point;
  readonly highest: Point;
}

export function summarise({ steps, values }: Curve): CurveSummary | undefined {
  if (steps.length === 0) return undefined;
  let [low, high] = [0, 0];
  for (let i = 1; i < values.length; i++) {
    if (values[i] < values[low]) low = i;
    if (values[i] > values[high]) high = i;
  }
  const at = (index: number) => ({ step: steps[index], value: values[index] });
  return { first: at(0), last: at(steps.length - 1), lowest: at(low), highest: at(high) };
}

/** Up to `count` rows spread evenly over a curve, its ends included. */
export function sampleRows({ steps, values }: Curve, count: number): Point[] {
  const rows = Math.min(count, steps.length);
  return Array.from({ length: rows }, (_, row) => {
    const index = rows === 1 ? 0 : Math.round((row * (steps.length - 1)) / (rows - 1));
    return { step: steps[index], value: values[index] };
  });
}
