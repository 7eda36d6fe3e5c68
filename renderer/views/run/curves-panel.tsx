// The curves of a run: the matching loss, and by choice what else its method measures.
import { Select } from "@mantine/core";
import { memo, useMemo, useState } from "react";
import { type Curve, MetricChart } from "../../components/metric-chart.tsx";
import { roundEnd } from "../../stores/axis.ts";
import type { CursorStore } from "../../stores/cursor.ts";
import { curvesOf, lossByStart } from "../../stores/detail-curves.ts";
import { listMetrics, type RunState, type Stage, seriesKey } from "../../stores/run-state.ts";
import { text } from "../../text.ts";
import { TrajectoryPanel } from "./trajectory-panel.tsx";

interface CurvesPanelProps {
  readonly series: RunState["series"];
  readonly details: RunState["details"];
  readonly classNames: readonly string[];
  readonly total: number;
  readonly cursor: CursorStore;
  readonly last: number;
}

/** What can be shown, and how. */
interface Choice {
  readonly value: string;
  readonly label: string;
  readonly stage: Stage;
  readonly drawn: "plane" | "distance" | (() => Curve[]);
}

/** As a method's own name reads, where no better words are known: gradientNorm, gradient norm. */
const nameOf = (metric: string) =>
  text.run.metrics[metric] ??
  metric.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^./, (letter) => letter.toUpperCase());

/** Drawn by the trajectory, or said in words elsewhere. */
const ownViews = [
  ...["path", "expertPath", "distance", "expertDistance", "where", "startEpoch"],
  ...["expert", "epoch", "planeShare"],
];

export const CurvesPanel = memo(function CurvesPanel(props: CurvesPanelProps) {
  const { series, details, classNames, total, cursor, last } = props;
  const [chosen, setChosen] = useState(seriesKey("synthesise", "loss"));
  const choices = useMemo(() => listChoices({ series, details }, classNames), [series, details, classNames]);
  const choice = choices.find(({ value }) => value === chosen) ?? choices[0];
  const { label = text.run.loss, drawn, stage = "synthesise" } = choice ?? {};
  const curves = useMemo(
    () => (typeof drawn === "function" ? drawn() : [{ label, steps: [], values: [] }]),
    [drawn, label],
  );
  const tools = choices.length > 1 && (
    <Select
      aria-label={text.run.curves}
      w={190}
      data={choices.map(({ value, label: name }) => ({ value, label: name }))}
      value={choice?.value}
      allowDeselect={false}
      comboboxProps={{ width: "max-content", position: "bottom-end" }}
      onChange={(value) => value && setChosen(value)}
    />
  );
  if (typeof drawn === "string") {
    return <TrajectoryPanel details={details} shows={drawn} cursor={cursor} last={last} tools={tools} />;
  }
  const end = Math.max(1, ...curves.map(({ steps }) => steps.at(-1) ?? 1));
  return (
    <MetricChart
      key={choice?.value}
      title={label}
      metric={label}
      curves={curves}
      total={stage === "synthesise" ? roundEnd(last, total) : end}
      cursor={cursor}
      last={last}
      tools={tools}
    />
  );
});

function listChoices(run: Pick<RunState, "series" | "details">, classNames: readonly string[]): Choice[] {
  const metrics = listMetrics(run)
    .filter(({ name }) => !ownViews.includes(name))
    .map(({ stage, name }): Choice => {
      const value = seriesKey(stage, name);
      const label = stage === "synthesise" ? nameOf(name) : text.run.stageMetric(text.stage[stage], nameOf(name));
      const { steps, values } = run.series[value];
      return { value, label, stage, drawn: () => [{ label, steps, values }] };
    });
  const vectors = Object.values(run.details)
    .filter(({ name }) => !ownViews.includes(name))
    .map(
      ({ stage, name }): Choice => ({
        value: `${seriesKey(stage, name)} by place`,
        label: nameOf(name),
        stage,
        drawn: () => curvesOf(run, name, classNames, text.run.place),
      }),
    );
  const starts = lossByStart(run, text.run.startEpoch);
  const of = (value: string, label: string, drawn: Choice["drawn"]): Choice => ({
    value,
    label,
    stage: "synthesise",
    drawn,
  });
  return [
    ...metrics,
    ...vectors,
    ...(starts.length > 1 ? [of("starts", text.run.lossByStart, () => starts)] : []),
    ...(run.details[seriesKey("synthesise", "path")]
      ? [
          of("plane", text.trajectory.titles.plane, "plane"),
          of("distance", text.trajectory.titles.distance, "distance"),
        ]
      : []),
  ];
}
