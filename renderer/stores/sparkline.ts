// A curve of a few points as the path of a small picture; logarithmic where its values are positive and far apart.
import type { Point } from "./decimate.ts";

/** SVG path data inside width x height, one pixel of air above and below; empty where there is no line to draw. */
export function toSparkline(points: readonly Point[], width: number, height: number): string {
  if (points.length < 2) return "";
  const [low, high] = [Math.min(...points.map((p) => p.value)), Math.max(...points.map((p) => p.value))];
  const isLog = low > 0 && high / low > 2;
  const scale = (value: number) => (isLog ? Math.log(value) : value);
  const span = scale(high) - scale(low) || 1;
  const [from, to] = [points[0].step, points[points.length - 1].step];
  const toX = (step: number) => ((step - from) / Math.max(1, to - from)) * width;
  const toY = (value: number) => 1 + (1 - (scale(value) - scale(low)) / span) * (height - 2);
  return points
    .map(({ step, value }, i) => `${i === 0 ? "M" : "L"}${toX(step).toFixed(1)} ${toY(value).toFixed(1)}`)
    .join("");
}
