// The curves of a run: the matching loss, and by choice what else its method measures and what it prepared.
import { Select } from "@mantine/core";
import { memo, useMemo, useState } from "react";
import { type Curve, MetricChart } from "../../components/metric-chart.tsx";
import { roundEnd } from "../../stores/axis.ts";
import { type CursorStore, createCursor } from "../../stores/cursor.ts";
import { curvesOf, lossByStart } from "../../stores/detail-curves.ts";
import { toJudgedPoints } from "../../stores/judged.ts";
import { expertCurves, partCurve } from "../../stores/preparation-curves.ts";
import { listMetrics, type RunState, seriesKey } from "../../stores/run-state.ts";
import { text } from "../../text.ts";
import { TrajectoryPanel } from "./trajectory-panel.tsx";

interface CurvesPanelProps {
  readonly series: RunState["series"];
  readonly details: RunState["details"];
  readonly judged: RunState["judged"];
  readonly stage: RunState["stage"];
  readonly classNames: readonly string[];
  readonly total: number;
  readonly cursor: CursorStore;
  readonly last: number;
}

/** What can be shown, and how: over the run's steps, or over parts of the preparation that have a cursor of their own. */
interface Choice {
  readonly value: string;
  readonly label: string;
  readonly unit: "step" | "epoch" | "class";
  readonly drawn: "plane" | "distance" | (() => readonly Curve[]);
}

/** As a method's own name reads, where no better words are known: gradientNorm, gradient norm. */
const nameOf = (metric: string) =>
  text.run.metrics[metric] ??
  metric.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^./, (letter) => letter.toUpperCase());

/** Drawn by the trajectory, or said in words elsewhere. */
const ownViews = ["path", "expertPath", "distance", "expertDistance", "where", "startEpoch"];

const LOSS = seriesKey("synthesise", "loss");
const EXPERT_LOSS = "expert loss";

export const CurvesPanel = memo(function CurvesPanel(props: CurvesPanelProps) {
  const { series, details, judged, stage, classNames, total, cursor, last } = props;
  const [chosen, setChosen] = useState<string>();
  const own = useMemo(createCursor, []);
  const choices = useMemo(
    () => listChoices({ series, details, judged }, classNames),
    [series, details, judged, classNames],
  );
  const find = (wanted: string | undefined) => choices.find(({ value }) => value === wanted);
  // Until something is chosen, what is computed now: the experts first, then the distillation.
  const choice = find(chosen) ?? (stage === "prepare" ? find(EXPERT_LOSS) : undefined) ?? choices[0];
  const { value, label, unit, drawn } = choice;
  const curves = useMemo(() => (typeof drawn === "function" ? drawn() : []), [drawn]);
  const listed = (isOfRun: boolean) =>
    choices.filter((each) => (each.unit === "step") === isOfRun).map(({ value, label }) => ({ value, label }));
  const tools = choices.length > 1 && (
    <Select
      aria-label={text.run.curves}
      w={200}
      miw={120}
      maxDropdownHeight={420}
      data={
        listed(false).length === 0
          ? listed(true)
          : [
              { group: text.run.curveGroups.distillation, items: listed(true) },
              { group: text.run.curveGroups.preparation, items: listed(false) },
            ]
      }
      value={value}
      allowDeselect={false}
      comboboxProps={{ width: "max-content", position: "bottom-end" }}
      onChange={(next) => next && setChosen(next)}
    />
  );
  const title = tools ? text.run.curves : label;
  if (typeof drawn === "string") {
    return <TrajectoryPanel title={title} details={details} shows={drawn} cursor={cursor} last={last} tools={tools} />;
  }
  const end = Math.max(1, ...curves.map(({ steps }) => steps.at(-1) ?? 1));
  const isOfRun = unit === "step";
  return (
    <MetricChart
      key={value}
      title={title}
      metric={label}
      unit={unit}
      curves={curves}
      total={isOfRun ? roundEnd(last, total) : end}
      cursor={isOfRun ? cursor : own}
      last={isOfRun ? last : end}
      tools={tools}
    />
  );
});

function listChoices(
  run: Pick<RunState, "series" | "details" | "judged">,
  classNames: readonly string[],
): readonly [Choice, ...Choice[]] {
  const of = (value: string, label: string, drawn: Choice["drawn"], unit: Choice["unit"] = "step"): Choice => ({
    value,
    label,
    unit,
    drawn,
  });
  /** Of curves that are there already. */
  const some = (value: string, label: string, curves: readonly Curve[], unit: Choice["unit"], least = 1): Choice[] =>
    curves.length < least ? [] : [of(value, label, () => curves, unit)];
  const measured = (name: string) => {
    const { steps, values } = run.series[seriesKey("synthesise", name)] ?? { steps: [], values: [] };
    return () => [{ label: nameOf(name), steps, values }];
  };
  const metrics = listMetrics(run)
    .filter(({ stage, name }) => stage === "synthesise" && name !== "loss" && !ownViews.includes(name))
    .map(({ name }) => of(seriesKey("synthesise", name), nameOf(name), measured(name)));
  const vectors = Object.values(run.details)
    .filter(({ name }) => !ownViews.includes(name))
    .map(({ stage, name }) =>
      of(`${seriesKey(stage, name)} by place`, nameOf(name), () =>
        curvesOf(run, name, classNames, (place) => text.run.place(name, place)),
      ),
    );
  const points = toJudgedPoints(run.judged);
  const judged = {
    label: text.run.judgedCurve,
    steps: points.map(({ step }) => step),
    values: points.map((point) => 100 * point.value),
  };
  const { titles } = text.trajectory;
  const hasPath = run.details[seriesKey("synthesise", "path")] !== undefined;
  const { preparations: names, expert, ofExperts } = text.run;
  const words = { expert, ...ofExperts };
  return [
    of(LOSS, text.run.loss, measured("loss")),
    ...metrics,
    ...vectors,
    ...some("starts", text.run.lossByStart, lossByStart(run, text.run.startEpoch), "step", 2),
    ...(points.length > 0 ? [of("judged", text.run.judgedCurve, () => [judged])] : []),
    ...(hasPath ? [of("plane", titles.plane, "plane"), of("distance", titles.distance, "distance")] : []),
    ...some(EXPERT_LOSS, names.expertLoss, expertCurves(run, "loss", words), "epoch"),
    ...some("expert accuracy", names.expertAccuracy, expertCurves(run, "accuracy", words), "epoch"),
    ...some("features", names.features, partCurve(run, "loss", names.features), "epoch"),
    ...some("chosen", names.chosen, partCurve(run, "offset", names.chosen), "class"),
  ];
}
