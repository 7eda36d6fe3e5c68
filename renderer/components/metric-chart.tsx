// Curves over steps: two points per pixel column at most, raw values at the cursor, and the same in words and as a table.
import { ActionIcon, Tooltip } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconChartLine, IconTable, IconZoomReset } from "@tabler/icons-react";
import { type PointerEvent, useMemo, useState } from "react";
import { CartesianGrid, Line, LineChart, XAxis, YAxis } from "recharts";
import { useStore } from "zustand";
import { linearAxis, logAxis, placeOn } from "../stores/axis.ts";
import { type CursorStore, shownStep } from "../stores/cursor.ts";
import { decimate, nearestPoint, sampleRows, summarise } from "../stores/decimate.ts";
import { formatCount, formatMeasured, formatValue } from "../stores/format.ts";
import { spreadLabels } from "../stores/spread-labels.ts";
import { text } from "../text.ts";
import { seriesColours, seriesDashes, token } from "../theme/index.ts";
import styles from "./metric-chart.module.css";
import { Panel } from "./panel.tsx";

const LEFT = 48;
const RIGHT = 12;
/** Room for the names at the ends of several lines. */
const RIGHT_WITH_NAMES = 190;
const NAME_HEIGHT = 14;
/** More sentences than this would take the chart's room; they are still read out, and stand in the table. */
const MAX_SENTENCES = 2;
const TOP = 8;
const BOTTOM = 24;
const TABLE_ROWS = 20;

export interface Curve {
  readonly label: string;
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

interface MetricChartProps {
  readonly title: string;
  /** The name of what is measured, for the sentence. */
  readonly metric: string;
  readonly curves: readonly Curve[];
  /** The last step of the axis, so that nothing moves while data arrives. */
  readonly total: number;
  readonly cursor: CursorStore;
  readonly last: number;
}

export function MetricChart({ title, metric, curves, total, cursor, last }: MetricChartProps) {
  const { ref, width, height } = useElementSize();
  const [zoomed, setZoomed] = useState<{ from: number; to: number }>();
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const [isTable, setTable] = useState(false);
  const { pinned, hovered, pin, goLive, hover } = useStore(cursor);
  const step = shownStep({ pinned, hovered }, last);

  const range = zoomed ?? { from: 0, to: Math.max(1, total) };
  const hasLegend = curves.length > 1;
  const right = hasLegend ? Math.min(RIGHT_WITH_NAMES, Math.round(0.36 * width)) : RIGHT;
  const plot = { width: Math.max(0, width - LEFT - right), height: Math.max(0, height - TOP - BOTTOM) };
  const buckets = Math.max(1, Math.floor(plot.width));
  const { rows, y } = useMemo(
    () => prepare(curves, range.from, range.to, buckets),
    [curves, range.from, range.to, buckets],
  );
  const x = linearAxis(range.from, range.to, Math.max(2, Math.floor(plot.width / 90)), true);

  const summaries = curves.map(summarise);
  const sentence = curves
    .map((curve, i) => {
      const summary = summaries[i];
      const name = curves.length > 1 ? curve.label : metric;
      return summary ? text.chart.sentence(name, summary) : text.chart.nothing(name);
    })
    .join(" ");

  const stepAt = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (event.clientX - box.left) / Math.max(1, box.width)));
    return Math.round(range.from + share * (range.to - range.from));
  };
  const toX = (at: number) => LEFT + placeOn(x, at) * plot.width;
  const toY = (value: number) => TOP + (1 - placeOn(y, value)) * plot.height;
  const isShown = step >= range.from && step <= range.to;
  const marks = curves.map((curve) => nearestPoint(curve, step));
  const ends = curves.map((curve) => nearestPoint(curve, range.to));
  const nameHeights = spreadLabels(
    ends.map((end) => Math.max(TOP, Math.min(TOP + plot.height, end ? toY(end.value) : height))),
    NAME_HEIGHT,
    TOP,
    TOP + plot.height,
  );

  const readout = (
    <span className={styles.readout} aria-hidden>
      {!hasLegend && (
        <span className={styles.entry}>
          <span className={styles.value}>{marks[0] ? formatMeasured(marks[0].value) : ""}</span>
        </span>
      )}
      {y.isLog && <span className={styles.log}>{text.chart.log}</span>}
    </span>
  );

  const tools = (
    <>
      {readout}
      {zoomed && (
        <Tooltip label={text.chart.whole}>
          <ActionIcon size={24} aria-label={text.chart.whole} onClick={() => setZoomed(undefined)}>
            <IconZoomReset size={16} />
          </ActionIcon>
        </Tooltip>
      )}
      <Tooltip label={isTable ? text.chart.asChart : text.chart.asTable}>
        <ActionIcon
          size={24}
          aria-label={isTable ? text.chart.asChart : text.chart.asTable}
          onClick={() => setTable(!isTable)}
        >
          {isTable ? <IconChartLine size={16} /> : <IconTable size={16} />}
        </ActionIcon>
      </Tooltip>
    </>
  );

  return (
    <Panel title={title} tools={tools} fill flush>
      <figure className={styles.figure} aria-label={sentence}>
        <div className={styles.chart} ref={ref} data-off={isTable || undefined}>
          {width > 0 && height > 0 && !isTable && (
            <>
              <div aria-hidden>
                <LineChart
                  width={width}
                  height={height}
                  data={rows}
                  margin={{ left: 0, right, top: TOP, bottom: 0 }}
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
                    height={BOTTOM}
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
                    width={LEFT}
                    tick={{ fill: token("secondary"), fontSize: 11 }}
                    stroke="none"
                    tickLine={false}
                    allowDataOverflow
                    interval={0}
                  />
                  {curves.map((curve, i) => (
                    <Line
                      key={curve.label}
                      dataKey={(row: Row) => row.values[i]}
                      stroke={colourOf(i)}
                      strokeDasharray={dashOf(i)}
                      strokeWidth={1.5}
                      dot={false}
                      connectNulls
                      isAnimationActive={false}
                    />
                  ))}
                </LineChart>
              </div>
              {hasLegend &&
                ends.map(
                  (end, i) =>
                    end && (
                      <span
                        key={curves[i].label}
                        className={styles.end}
                        style={{ top: nameHeights[i], left: width - right + 8 }}
                        title={curves[i].label}
                        aria-hidden
                      >
                        <Swatch index={i} />
                        <span className={styles.name}>{curves[i].label}</span>
                        <span className={styles.value}>{marks[i] ? formatMeasured(marks[i].value) : ""}</span>
                      </span>
                    ),
                )}
              {isShown && <span className={styles.cursor} style={{ left: toX(step), top: TOP, height: plot.height }} />}
              {marks.map(
                (mark, i) =>
                  mark &&
                  isShown &&
                  mark.step >= range.from &&
                  mark.step <= range.to && (
                    <span
                      key={curves[i].label}
                      className={styles.dot}
                      style={{
                        left: toX(mark.step),
                        top: toY(mark.value),
                        background: colourOf(i),
                      }}
                    />
                  ),
              )}
              {drag && Math.abs(toX(drag.to) - toX(drag.from)) > 6 && (
                <span
                  className={styles.band}
                  style={{
                    left: Math.min(toX(drag.from), toX(drag.to)),
                    width: Math.abs(toX(drag.to) - toX(drag.from)),
                    top: TOP,
                    height: plot.height,
                  }}
                />
              )}
              {/* biome-ignore lint/a11y/noStaticElementInteractions: the history's slider does the same by keys. */}
              <div
                className={styles.plot}
                style={{ left: LEFT, right, top: TOP, bottom: BOTTOM }}
                onPointerDown={(event) => {
                  event.currentTarget.setPointerCapture(event.pointerId);
                  setDrag({ from: stepAt(event), to: stepAt(event) });
                }}
                onPointerMove={(event) => {
                  hover(Math.min(last, stepAt(event)));
                  if (drag) setDrag({ ...drag, to: stepAt(event) });
                }}
                onPointerUp={(event) => {
                  const to = stepAt(event);
                  setDrag(undefined);
                  if (drag && Math.abs(toX(to) - toX(drag.from)) > 6) {
                    setZoomed({ from: Math.min(drag.from, to), to: Math.max(drag.from, to) });
                  } else if (to >= last) goLive();
                  else pin(to);
                }}
                onPointerLeave={() => hover(undefined)}
                onDoubleClick={() => setZoomed(undefined)}
              />
            </>
          )}
          <div className={isTable ? styles.table : "hidden"}>
            <CurveTable metric={metric} curves={curves} />
          </div>
        </div>
        <figcaption className={curves.length > MAX_SENTENCES ? "hidden" : styles.caption}>{sentence}</figcaption>
      </figure>
    </Panel>
  );
}

const colourOf = (index: number) => seriesColours[index % seriesColours.length];
/** Where the colours begin again, each comes with another dash than before. */
const dashOf = (index: number) =>
  seriesDashes[(index + Math.floor(index / seriesColours.length)) % seriesDashes.length];

export function Swatch({ index }: { readonly index: number }) {
  return (
    <svg width={18} height={8} aria-hidden>
      <line x1={0} x2={18} y1={4} y2={4} stroke={colourOf(index)} strokeDasharray={dashOf(index)} strokeWidth={2} />
    </svg>
  );
}

function CurveTable({ metric, curves }: { readonly metric: string; readonly curves: readonly Curve[] }) {
  const [longest] = [...curves].sort((a, b) => b.steps.length - a.steps.length);
  if (!longest) return null;
  return (
    <table>
      <caption className="hidden">{text.chart.table(metric)}</caption>
      <thead>
        <tr>
          <th scope="col">{text.chart.step}</th>
          {curves.map(({ label }) => (
            <th scope="col" key={label}>
              {curves.length > 1 ? label : metric}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {sampleRows(longest, TABLE_ROWS).map(({ step }) => (
          <tr key={step}>
            <th scope="row">{formatCount(step)}</th>
            {curves.map((curve) => {
              const point = nearestPoint(curve, step);
              return <td key={curve.label}>{point ? formatValue(point.value) : ""}</td>;
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface Row {
  readonly step: number;
  readonly values: readonly (number | undefined)[];
}

/** Rows of all curves by step, and an axis that holds them; logarithmic where all values are positive and far apart. */
function prepare(curves: readonly Curve[], from: number, to: number, buckets: number) {
  const rows = new Map<number, (number | undefined)[]>();
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  curves.forEach((curve, i) => {
    for (const { step, value } of decimate(curve, from, to, buckets)) {
      const row = rows.get(step) ?? new Array<number | undefined>(curves.length).fill(undefined);
      row[i] = value;
      rows.set(step, row);
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  });
  const isLog = low > 0 && high / low > 2;
  const y = high < low ? linearAxis(0, 1, 4) : isLog ? logAxis(low, high) : linearAxis(low, high, 4);
  const sorted: Row[] = [...rows].sort(([a], [b]) => a - b).map(([step, values]) => ({ step, values }));
  return { rows: sorted, y };
}
