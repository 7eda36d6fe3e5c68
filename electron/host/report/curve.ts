// A loss curve as inline SVG with a logarithmic axis, and the sentence that says the same.

import { html, type Markup } from "./html.ts";

export type CurvePoint = { readonly step: number; readonly value: number };

const WIDTH = 1080;
const HEIGHT = 300;
const MARGIN = { left: 64, right: 16, top: 12, bottom: 44 };
/** Columns of the plot: more points than this cannot be told apart. */
const COLUMNS = 960;

/** At least two points in the order of their steps. Values that are not above zero have no place on the axis. */
export function drawCurve(points: readonly CurvePoint[]): Markup {
  const positive = points.filter(({ value }) => value > 0);
  const isLog = positive.length === points.length;
  const values = points.map(({ value }) => value);
  const y = makeAxis(Math.min(...lowHigh(values)), Math.max(...lowHigh(values)), isLog);
  const start = points[0]?.step ?? 0;
  const first = start === 1 ? 0 : start; // the first step is done at 1
  const last = Math.max(points.at(-1)?.step ?? 1, first + 1);
  const x = (step: number) => MARGIN.left + ((step - first) / (last - first)) * (WIDTH - MARGIN.left - MARGIN.right);
  const bottom = HEIGHT - MARGIN.bottom;
  const path = thin(points, first, last)
    .map(({ step, value }, i) => `${i === 0 ? "M" : "L"}${x(step).toFixed(1)} ${y.place(value).toFixed(1)}`)
    .join("");
  const digits = countDigits(y.ticks);
  const xTicks = linearTicks(first, last, 6);
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${describeCurve(points)}">
${y.ticks.map((tick) => html`<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${round(y.place(tick))}" y2="${round(y.place(tick))}"/><text class="tick" x="${MARGIN.left - 8}" y="${round(y.place(tick) + 4)}" text-anchor="end">${formatValue(tick, digits)}</text>`)}
${xTicks.map((tick) => html`<line class="axis" x1="${round(x(tick))}" x2="${round(x(tick))}" y1="${bottom}" y2="${bottom + 4}"/><text class="tick" x="${round(x(tick))}" y="${bottom + 18}" text-anchor="middle">${tick.toLocaleString("en-GB")}</text>`)}
<line class="axis" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${bottom}" y2="${bottom}"/>
<line class="axis" x1="${MARGIN.left}" x2="${MARGIN.left}" y1="${MARGIN.top}" y2="${bottom}"/>
<path class="curve" d="${path}"/>
<text class="label" x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">step</text>
<text class="label" transform="translate(14 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle">loss${isLog ? ", logarithmic" : ""}</text>
</svg>`;
}

/** E.g. "The loss fell from 38.2 at step 1 to 5.61 at step 1,240; it was lowest, 5.20, at step 1,180." */
export function describeCurve(points: readonly CurvePoint[]): string {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return "There are no steps yet.";
  let lowest = first;
  for (const point of points) if (point.value < lowest.value) lowest = point;
  const verb = last.value < first.value ? "fell" : last.value > first.value ? "rose" : "went";
  const at = ({ step, value }: CurvePoint) => `${formatExact(value)} at step ${step.toLocaleString("en-GB")}`;
  const low = `${formatExact(lowest.value)}, at step ${lowest.step.toLocaleString("en-GB")}`;
  return `The loss ${verb} from ${at(first)} to ${at(last)}; it was lowest, ${low}.`;
}

type Axis = { place: (value: number) => number; ticks: number[] };

function makeAxis(low: number, high: number, isLog: boolean): Axis {
  const scale = isLog ? Math.log10 : (value: number) => value;
  const pad = (scale(high) - scale(low)) * 0.05 || (isLog ? 0.1 : Math.abs(high) * 0.1 || 1);
  const from = scale(low) - pad;
  const to = scale(high) + pad;
  const bottom = HEIGHT - MARGIN.bottom;
  const place = (value: number) => bottom - ((scale(value) - from) / (to - from)) * (bottom - MARGIN.top);
  return { place, ticks: isLog ? logTicks(10 ** from, 10 ** to) : linearTicks(from, to, 5) };
}

/** Powers of ten when they are many, else 1-2-5, else even steps: at least two of them can always be read. */
function logTicks(low: number, high: number): number[] {
  for (const digits of [[1], [1, 3], [1, 2, 5]]) {
    const ticks: number[] = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const digit of digits) {
        const tick = digit * 10 ** power;
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    if (ticks.length >= 3) return everyFew(ticks, 7);
  }
  return linearTicks(low, high, 5);
}

function linearTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10;
  const size = unit * power;
  const ticks: number[] = [];
  for (let k = Math.ceil(low / size); k * size <= high; k++) ticks.push(Number((k * size).toPrecision(12)));
  return ticks;
}

function everyFew(ticks: number[], most: number): number[] {
  const every = Math.ceil(ticks.length / most);
  return ticks.filter((_, i) => i % every === 0);
}

/** Of the points of one column keeps the lowest and the highest, so that no spike is lost. */
function thin(points: readonly CurvePoint[], first: number, last: number): CurvePoint[] {
  if (points.length <= 2 * COLUMNS) return [...points];
  const columns = new Map<number, { low: CurvePoint; high: CurvePoint }>();
  for (const point of points) {
    const column = Math.floor(((point.step - first) / (last - first)) * (COLUMNS - 1));
    const seen = columns.get(column);
    if (seen === undefined) columns.set(column, { low: point, high: point });
    else if (point.value < seen.low.value) seen.low = point;
    else if (point.value > seen.high.value) seen.high = point;
  }
  return [...columns.values()].flatMap(({ low, high }) =>
    low === high ? [low] : low.step < high.step ? [low, high] : [high, low],
  );
}

function lowHigh(values: readonly number[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** As few digits, from three on, as tell the ticks apart. */
function countDigits(ticks: readonly number[]): number {
  let digits = 3;
  while (digits < 15 && new Set(ticks.map((tick) => tick.toPrecision(digits))).size < ticks.length) digits++;
  return digits;
}

function formatValue(value: number, digits = 3): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1);
  return value.toLocaleString("en-GB", { maximumSignificantDigits: digits });
}

/** Three digits, zeros at the end included. */
function formatExact(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e3) ? formatValue(value) : value.toPrecision(3);
}

const round = (value: number) => Math.round(value * 10) / 10;
