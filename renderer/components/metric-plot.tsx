// The drawn part of a chart: redrawn when its rows, axes or size change, and not when the cursor moves.
import { memo } from "react";
import { CartesianGrid, Line, LineChart, XAxis, YAxis } from "recharts";
import type { Axis } from "../stores/axis.ts";
import { formatCount, formatValue } from "../stores/format.ts";
import { token } from "../theme/index.ts";
import { colourOf, dashOf, type PlotRow, plotMargin } from "./plot-style.ts";

export interface MetricPlotProps {
  readonly width: number;
  readonly height: number;
  /** Room beside the lines, in pixels. */
  readonly right: number;
  readonly rows: PlotRow[];
  /** Names of the curves, in the order of the rows' values. */
  readonly labels: readonly string[];
  readonly x: Axis;
  readonly y: Axis;
}

export const MetricPlot = memo(function MetricPlot(props: MetricPlotProps) {
  const { width, height, right, rows, labels, x, y } = props;
  return (
    <LineChart
      width={width}
      height={height}
      data={rows}
      margin={{ left: 0, right, top: plotMargin.top, bottom: 0 }}
      accessibilityLayer={false}
      style={{ pointerEvents: "none" }}
    >
      <CartesianGrid stroke={token("line")} vertical={false} />
      <XAxis
        dataKey="step"
        type="number"
        domain={[x.from, x.to]}
        ticks={[...x.ticks]}
        tickFormatter={formatCount}
        height={plotMargin.bottom}
        tick={{ fill: token("secondary"), fontSize: 11 }}
        stroke={token("line")}
        tickLine={false}
        allowDataOverflow
        interval={0}
      />
      <YAxis
        type="number"
        scale={y.isLog ? "log" : "linear"}
        domain={[y.from, y.to]}
        ticks={[...y.ticks]}
        tickFormatter={formatValue}
        width={plotMargin.left}
        tick={{ fill: token("secondary"), fontSize: 11 }}
        stroke="none"
        tickLine={false}
        allowDataOverflow
        interval={0}
      />
      {labels.map((label, i) => (
        <Line
          key={label}
          dataKey={(row: PlotRow) => row.values[i]}
          stroke={colourOf(i)}
          strokeDasharray={dashOf(i)}
          strokeWidth={1.5}
          dot={false}
          connectNulls
          isAnimationActive={false}
        />
      ))}
    </LineChart>
  );
});
