// Ways through a plane, both axes on one scale: each a line with a dot at every point, and a larger one where it ends.
import { memo } from "react";
import { CartesianGrid, ReferenceDot, Scatter, ScatterChart, XAxis, YAxis } from "recharts";
import { linearAxis } from "../stores/axis.ts";
import { formatValue } from "../stores/format.ts";
import type { PlanePoint } from "../stores/trajectory.ts";
import { token } from "../theme/index.ts";
import { plotMargin } from "./plot-style.ts";

export interface PlaneWay {
  readonly key: string;
  readonly points: readonly PlanePoint[];
  readonly colour: string;
  readonly dash?: string | undefined;
  readonly width: number;
  readonly opacity: number;
  readonly dots: boolean;
}

export interface PlanePlotProps {
  readonly width: number;
  readonly height: number;
  /** Those on top last. */
  readonly ways: readonly PlaneWay[];
  /** The place to reach. */
  readonly target: PlanePoint;
}

export const PlanePlot = memo(function PlanePlot({ width, height, ways, target }: PlanePlotProps) {
  const { left, right, top, bottom } = plotMargin;
  const inner = { width: Math.max(1, width - left - right), height: Math.max(1, height - top - bottom) };
  const all = [...ways.flatMap(({ points }) => points), target];
  const [xs, ys] = [all.map(({ x }) => x), all.map(({ y }) => y)];
  const middle = (values: readonly number[]) => (Math.min(...values) + Math.max(...values)) / 2;
  const span = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
  // As many units a pixel along both axes, and a little air.
  const unit = 1.12 * Math.max(span(xs) / inner.width, span(ys) / inner.height, 1e-12);
  const axisOf = (values: readonly number[], pixels: number) => {
    const half = (unit * pixels) / 2;
    return linearAxis(middle(values) - half, middle(values) + half, Math.max(2, Math.floor(pixels / 80)), true);
  };
  const [x, y] = [axisOf(xs, inner.width), axisOf(ys, inner.height)];
  const tick = { fill: token("secondary"), fontSize: 11 };
  const axis = { type: "number", tick, tickLine: false, tickFormatter: formatValue, interval: 0 } as const;
  return (
    <ScatterChart
      width={width}
      height={height}
      margin={{ left: 0, right, top, bottom: 0 }}
      accessibilityLayer={false}
      style={{ pointerEvents: "none" }}
    >
      <CartesianGrid stroke={token("line")} />
      <XAxis
        {...axis}
        dataKey="x"
        domain={[x.from, x.to]}
        ticks={[...x.ticks]}
        height={bottom}
        stroke={token("line")}
      />
      <YAxis {...axis} dataKey="y" domain={[y.from, y.to]} ticks={[...y.ticks]} width={left} stroke="none" />
      {ways.map(({ key, points, colour, dash, width: strokeWidth, opacity, dots }) => (
        <Scatter
          key={key}
          data={[...points]}
          line={{ stroke: colour, strokeWidth, strokeDasharray: dash, opacity }}
          fill={colour}
          opacity={opacity}
          isAnimationActive={false}
          shape={({ cx = 0, cy = 0 }: { cx?: number; cy?: number }) => (
            <circle cx={cx} cy={cy} r={dots ? 2.5 : 0} fill={colour} />
          )}
        />
      ))}
      <ReferenceDot x={target.x} y={target.y} r={6} fill="none" stroke={token("text")} strokeWidth={1.5} />
    </ScatterChart>
  );
});
