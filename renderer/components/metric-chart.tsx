// Curves over steps: two points per pixel column at most, raw values at the cursor, and the same in words and as a table.
import { ActionIcon, Tooltip } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconChartLine, IconTable, IconZoomIn, IconZoomOut, IconZoomReset } from "@tabler/icons-react";
import { type KeyboardEvent, type PointerEvent, type ReactNode, useMemo, useState } from "react";
import { useStore } from "zustand";
import { linearAxis, logAxis, placeOn } from "../stores/axis.ts";
import { type CursorStore, shownStep } from "../stores/cursor.ts";
import { decimate, nearestPoint, sampleRows, summarise } from "../stores/decimate.ts";
import { formatCount, formatExact, formatMeasured, formatValue } from "../stores/format.ts";
import { spreadLabels } from "../stores/spread-labels.ts";
import { panRange, type Range, zoomRange } from "../stores/zoom-range.ts";
import { text } from "../text.ts";
import { LazyPlot } from "./lazy-plot.tsx";
import styles from "./metric-chart.module.css";
import { Panel } from "./panel.tsx";
import { colourOf, dashOf, type PlotRow, plotMargin } from "./plot-style.ts";

const { left: LEFT, right: RIGHT, top: TOP, bottom: BOTTOM } = plotMargin;
/** Room for the names at the ends of several lines. */
const RIGHT_WITH_NAMES = 190;
const NAME_HEIGHT = 14;
/** More sentences than this would take the chart's room; they are still read out, and stand in the table. */
const MAX_SENTENCES = 2;
const TABLE_ROWS = 20;
/** Shorter drags are clicks. */
const DRAG_PIXELS = 6;

export interface Curve {
  readonly label: string;
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

type Unit = keyof typeof text.chart.units;

interface MetricChartProps {
  readonly title: string;
  /** The name of what is measured, for the sentence. */
  readonly metric: string;
  readonly curves: readonly Curve[];
  /** What the curves go over, the steps of a run unless told. */
  readonly unit?: Unit;
  /** The last step of the axis, so that nothing moves while data arrives. */
  readonly total: number;
  readonly cursor: CursorStore;
  readonly last: number;
  /** Before the chart's own, e.g. to choose between metrics. */
  readonly tools?: ReactNode;
}

export function MetricChart(props: MetricChartProps) {
  const { title, metric, unit = "step", curves, total, cursor, last, tools: given } = props;
  const { ref, width, height } = useElementSize();
  const [zoomed, setZoomed] = useState<Range>();
  const [drag, setDrag] = useState<Range>();
  const [isTable, setTable] = useState(false);
  const { pinned, hovered, pin, goLive, hover } = useStore(cursor);
  const step = shownStep({ pinned, hovered }, last);

  const whole = { from: 0, to: Math.max(1, total, last) };
  const { from, to } = zoomed ?? whole;
  const hasLegend = curves.length > 1;
  const right = hasLegend ? Math.min(RIGHT_WITH_NAMES, Math.round(0.36 * width)) : RIGHT;
  const plot = { width: Math.max(0, width - LEFT - right), height: Math.max(0, height - TOP - BOTTOM) };
  const { rows, y } = useMemo(
    () => prepare(curves, from, to, Math.max(1, Math.floor(plot.width))),
    [curves, from, to, plot.width],
  );
  const x = useMemo(() => linearAxis(from, to, Math.max(2, Math.floor(plot.width / 90)), true), [from, to, plot.width]);
  const names = curves.map(({ label }) => label).join("\n");
  const labels = useMemo(() => names.split("\n").filter((_, i) => i < curves.length), [names, curves.length]);

  const sentence = useMemo(
    () =>
      curves
        .map((curve) => {
          const summary = summarise(curve);
          const name = curves.length > 1 ? curve.label : metric;
          return summary ? text.chart.sentence(name, summary, unit) : text.chart.nothing(name);
        })
        .join(" "),
    [curves, metric, unit],
  );

  const stepAt = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (event.clientX - box.left) / Math.max(1, box.width)));
    return Math.round(from + share * (to - from));
  };
  const toX = (at: number) => LEFT + placeOn(x, at) * plot.width;
  const toY = (value: number) => TOP + (1 - placeOn(y, value)) * plot.height;
  const isShown = step >= from && step <= to;
  const marks = curves.map((curve) => nearestPoint(curve, step));
  const ends = curves.map((curve) => nearestPoint(curve, to));
  const endHeights = ends.map((end) => Math.max(TOP, Math.min(TOP + plot.height, end ? toY(end.value) : height)));
  const named = outermost(endHeights, Math.max(2, Math.floor(plot.height / NAME_HEIGHT) + 1));
  const places = spreadLabels(
    named.map((i) => endHeights[i]),
    NAME_HEIGHT,
    TOP,
    TOP + plot.height,
  );

  const zoomBy = (factor: number) => setZoomed(zoomRange({ from, to }, whole, factor, step));
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") zoomBy(0.5);
    else if (event.key === "-") zoomBy(2);
    else if (event.key === "0" || (event.key === "Escape" && zoomed)) setZoomed(undefined);
    else if (event.shiftKey && event.key === "ArrowLeft") setZoomed(zoomed && panRange(zoomed, whole, -0.25));
    else if (event.shiftKey && event.key === "ArrowRight") setZoomed(zoomed && panRange(zoomed, whole, 0.25));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const readout = (
    <span className={styles.readout} aria-hidden>
      {y.isLog && <span className={styles.log}>{text.chart.log}</span>}
      {!hasLegend && (
        <span className={styles.entry}>
          <span className={styles.value}>{marks[0] ? formatMeasured(marks[0].value) : ""}</span>
        </span>
      )}
    </span>
  );

  const tools = (
    <>
      {given}
      {readout}
      <span className={styles.buttons}>
        <Tool label={text.chart.zoomIn} icon={<IconZoomIn size={16} />} onClick={() => zoomBy(0.5)} />
        <Tool
          label={text.chart.zoomOut}
          icon={<IconZoomOut size={16} />}
          isOff={zoomed === undefined}
          onClick={() => zoomBy(2)}
        />
        <Tool
          label={text.chart.whole}
          icon={<IconZoomReset size={16} />}
          isOff={zoomed === undefined}
          onClick={() => setZoomed(undefined)}
        />
        <Tool
          label={isTable ? text.chart.asChart : text.chart.asTable}
          icon={isTable ? <IconChartLine size={16} /> : <IconTable size={16} />}
          onClick={() => setTable(!isTable)}
        />
      </span>
    </>
  );

  return (
    <Panel title={title} tools={tools} fill flush>
      <figure className={styles.figure} aria-label={sentence}>
        <div className={styles.chart} ref={ref} data-off={isTable || undefined}>
          {width > 0 && height > 0 && !isTable && (
            <>
              <div aria-hidden>
                <LazyPlot width={width} height={height} right={right} rows={rows} labels={labels} x={x} y={y} />
              </div>
              {hasLegend &&
                named.map(
                  (i, at) =>
                    ends[i] && (
                      <span
                        key={curves[i].label}
                        className={styles.end}
                        style={{ top: places[at], left: width - right + 8 }}
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
                  mark.step >= from &&
                  mark.step <= to && (
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
              {hovered !== undefined && isShown && marks.some(Boolean) && (
                <span
                  className={styles.tip}
                  data-left={toX(step) > LEFT + plot.width / 2 || undefined}
                  style={{ left: toX(step), top: TOP }}
                  aria-hidden
                >
                  <span>{text.run.atStep(formatCount(step), unit)}</span>
                  {marks.map(
                    (mark, i) =>
                      mark && (
                        <span key={curves[i].label} className={styles.entry}>
                          <Swatch index={i} />
                          <span className={styles.value}>{formatExact(mark.value)}</span>
                        </span>
                      ),
                  )}
                </span>
              )}
              {drag && Math.abs(toX(drag.to) - toX(drag.from)) > DRAG_PIXELS && (
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
              {/* biome-ignore lint/a11y/useSemanticElements: a fieldset holds form controls; this is a picture. */}
              <div
                className={styles.plot}
                role="group"
                // biome-ignore lint/a11y/noNoninteractiveTabindex: it is zoomed by keys.
                tabIndex={0}
                aria-label={text.chart.keys(metric)}
                style={{ left: LEFT, right, top: TOP, bottom: BOTTOM }}
                onKeyDown={press}
                onPointerDown={(event) => {
                  event.currentTarget.setPointerCapture(event.pointerId);
                  setDrag({ from: stepAt(event), to: stepAt(event) });
                }}
                onPointerMove={(event) => {
                  hover(Math.min(last, stepAt(event)));
                  if (drag) setDrag({ ...drag, to: stepAt(event) });
                }}
                onPointerUp={(event) => {
                  const end = stepAt(event);
                  setDrag(undefined);
                  if (drag && Math.abs(toX(end) - toX(drag.from)) > DRAG_PIXELS) {
                    setZoomed({ from: Math.min(drag.from, end), to: Math.max(drag.from, end) });
                  } else if (end >= last) goLive();
                  else pin(end);
                }}
                onPointerCancel={() => setDrag(undefined)}
                onPointerLeave={() => hover(undefined)}
                onDoubleClick={() => setZoomed(undefined)}
              />
            </>
          )}
          {isTable && (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reached by keys.
            <section className={styles.table} tabIndex={0} aria-label={text.chart.table(metric, unit)}>
              <CurveTable metric={metric} unit={unit} curves={curves} />
            </section>
          )}
        </div>
        <figcaption className={curves.length > MAX_SENTENCES ? "hidden" : styles.caption}>{sentence}</figcaption>
      </figure>
    </Panel>
  );
}

/** Which of many places are named where there is room for some only: the highest and the lowest; the rest stands in the table. */
function outermost(heights: readonly number[], most: number): number[] {
  const order = heights.map((_, i) => i);
  if (order.length <= most) return order;
  order.sort((a, b) => heights[a] - heights[b]);
  return [...order.slice(0, Math.ceil(most / 2)), ...order.slice(order.length - Math.floor(most / 2))];
}

interface ToolProps {
  readonly label: string;
  readonly icon: ReactNode;
  readonly isOff?: boolean;
  readonly onClick: () => void;
}

function Tool({ label, icon, isOff = false, onClick }: ToolProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon size={24} aria-label={label} disabled={isOff} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

export function Swatch({ index }: { readonly index: number }) {
  return (
    <svg width={18} height={8} aria-hidden>
      <line x1={0} x2={18} y1={4} y2={4} stroke={colourOf(index)} strokeDasharray={dashOf(index)} strokeWidth={2} />
    </svg>
  );
}

interface CurveTableProps {
  readonly metric: string;
  readonly unit: Unit;
  readonly curves: readonly Curve[];
}

function CurveTable({ metric, unit, curves }: CurveTableProps) {
  const [longest] = [...curves].sort((a, b) => b.steps.length - a.steps.length);
  if (!longest) return null;
  return (
    <table>
      <caption className="hidden">{text.chart.table(metric, unit)}</caption>
      <thead>
        <tr>
          <th scope="col">{text.chart.units[unit]}</th>
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
  const sorted: PlotRow[] = [...rows].sort(([a], [b]) => a - b).map(([step, values]) => ({ step, values }));
  return { rows: sorted, y };
}
