// The curves of a run: the matching loss, and by choice what else its method measures.
import { Select } from "@mantine/core";
import { memo, useMemo, useState } from "react";
import { MetricChart } from "../../components/metric-chart.tsx";
import { roundEnd } from "../../stores/axis.ts";
import type { CursorStore } from "../../stores/cursor.ts";
import { listMetrics, type RunState, seriesKey } from "../../stores/run-state.ts";
import { text } from "../../text.ts";

interface CurvesPanelProps {
  readonly series: RunState["series"];
  readonly total: number;
  readonly cursor: CursorStore;
  readonly last: number;
}

/** As a method's own name reads, where no better words are known: gradientNorm, gradient norm. */
const nameOf = (metric: string) =>
  text.run.metrics[metric] ??
  metric.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^./, (letter) => letter.toUpperCase());

export const CurvesPanel = memo(function CurvesPanel({ series, total, cursor, last }: CurvesPanelProps) {
  const [chosen, setChosen] = useState(seriesKey("synthesise", "loss"));
  const metrics = useMemo(() => listMetrics({ series }), [series]);
  const key = series[chosen] ? chosen : seriesKey("synthesise", "loss");
  const shown = series[key];
  const choices = metrics.map(({ stage, name }) => ({
    value: seriesKey(stage, name),
    label: stage === "synthesise" ? nameOf(name) : text.run.stageMetric(text.stage[stage], nameOf(name)),
  }));
  const name = choices.find(({ value }) => value === key)?.label ?? text.run.loss;
  const curves = useMemo(
    () => [{ label: name, steps: shown?.steps ?? [], values: shown?.values ?? [] }],
    [shown, name],
  );
  return (
    <MetricChart
      title={name}
      metric={name}
      curves={curves}
      total={shown && shown.stage !== "synthesise" ? (shown.steps.at(-1) ?? 1) : roundEnd(last, total)}
      cursor={cursor}
      last={last}
      tools={
        choices.length > 1 && (
          <Select
            aria-label={text.run.curves}
            w={150}
            data={choices}
            value={key}
            allowDeselect={false}
            onChange={(value) => value && setChosen(value)}
          />
        )
      }
    />
  );
});
