// Axes of a chart: round ticks on a line or on powers of ten, and the way from values to pixels.

export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  readonly isLog: boolean;
}

/** An axis from round values around the data, with about `count` ticks. */
export function linearAxis(from: number, to: number, count: number, isTight = false): Axis {
  const span = to > from ? to - from : Math.max(1, Math.abs(to));
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const unit = ([1, 2, 2.5, 5, 10].find((each) => each * power >= 0.75 * raw) ?? 10) * power;
  const low = isTight ? from : Math.floor(from / unit) * unit;
  const high = isTight ? from + span : Math.ceil((from + span) / unit) * unit;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / unit); i * unit <= high * (1 + 1e-9); i++)
    ticks.push(Number((i * unit).toPrecision(12)));
  return { from: low, to: high, ticks, isLog: false };
}

/** Ticks at 1, 2 and 5 of each power of ten, more of them within one power, at 1 alone over many. The data must be positive. */
export function logAxis(from: number, to: number): Axis {
  const ratio = to / from;
  const steps = ratio > 1000 ? [1] : ratio > 6 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(from)) - 1; power <= Math.ceil(Math.log10(to)); power++) {
    for (const step of steps) all.push(Number((step * 10 ** power).toPrecision(3)));
  }
  const low = all.findLast((each) => each <= from) ?? from;
  const high = all.find((each) => each >= to && each > low) ?? to;
  return { from: low, to: high, ticks: all.filter((each) => each >= low && each <= high), isLog: true };
}

/** Where a value lies on the axis, from 0 to 1. */
export function placeOn({ from, to, isLog }: Axis, value: number): number {
  return isLog ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
}

/** The least of a curve that is shown, in steps. */
const LEAST_STEPS = 50;

/** The end of an axis for a run that has reached `last` of `total`: 1, 2 or 5 times a power of ten, so that it seldom moves. */
export function roundEnd(last: number, total: number): number {
  for (let power = 10; power < total; power *= 10) {
    for (const unit of [1, 2, 5]) if (unit * power >= Math.max(LEAST_STEPS, last)) return Math.min(unit * power, total);
  }
  return total;
}
