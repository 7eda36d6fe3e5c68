// The trajectory of a step: where the student went beside its expert, or how far each was from the target on its way.
import { ActionIcon, Tooltip } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconChartLine, IconTable } from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import { useStore } from "zustand";
import { LazyPlane, LazyPlot } from "../../components/lazy-plot.tsx";
import { Swatch } from "../../components/metric-chart.tsx";
import { Panel } from "../../components/panel.tsx";
import type { PlaneWay } from "../../components/plane-plot.tsx";
import { colourOf, dashOf, plotMargin } from "../../components/plot-style.ts";
import { linearAxis } from "../../stores/axis.ts";
import { type CursorStore, shownStep } from "../../stores/cursor.ts";
import { formatCount, formatValue } from "../../stores/format.ts";
import type { RunState } from "../../stores/run-state.ts";
import { type Trajectory, trajectoryAt } from "../../stores/trajectory.ts";
import { text } from "../../text.ts";
import styles from "./trajectory-panel.module.css";

const [STUDENT, EXPERT] = [0, 1];

interface TrajectoryPanelProps {
  readonly title: string;
  readonly details: RunState["details"];
  readonly shows: "plane" | "distance";
  readonly cursor: CursorStore;
  readonly last: number;
  readonly tools: ReactNode;
}

export function TrajectoryPanel({ title, details, shows, cursor, last, tools }: TrajectoryPanelProps) {
  const step = useStore(cursor, (now) => shownStep(now, last));
  const trajectory = useMemo(() => trajectoryAt({ details }, step), [details, step]);
  const [isTable, setTable] = useState(false);
  const label = isTable ? text.chart.asChart : text.chart.asTable;
  const toggle = (
    <Tooltip label={label}>
      <ActionIcon size={24} aria-label={label} onClick={() => setTable(!isTable)}>
        {isTable ? <IconChartLine size={16} /> : <IconTable size={16} />}
      </ActionIcon>
    </Tooltip>
  );
  return (
    <Panel
      title={title}
      tools={
        <>
          {tools}
          {toggle}
        </>
      }
      fill
      flush
    >
      {trajectory ? (
        <Drawn trajectory={trajectory} shows={shows} isTable={isTable} />
      ) : (
        <p className={styles.empty}>{text.trajectory.empty}</p>
      )}
    </Panel>
  );
}

interface DrawnProps extends Pick<TrajectoryPanelProps, "shows"> {
  readonly trajectory: Trajectory;
  readonly isTable: boolean;
}

function Drawn({ trajectory, shows, isTable }: DrawnProps) {
  const { ref, width, height } = useElementSize();
  const { step, expert, startEpoch, targetEpoch, distances, past } = trajectory;
  const sentence = text.trajectory.sentence({
    step,
    expert,
    startEpoch,
    targetEpoch,
    innerSteps: distances.length - 1,
    left: distances.at(-1) ?? Number.NaN,
  });
  const names = [text.trajectory.student, text.trajectory.expert];
  return (
    <figure className={styles.figure} aria-label={sentence}>
      <div className={styles.legend} aria-hidden>
        {names.map((name, i) => (
          <span key={name} className={styles.entry}>
            <Swatch index={i} />
            {name}
          </span>
        ))}
        {shows === "plane" && past.length > 0 && (
          <span className={styles.entry} data-faint>
            <Swatch index={STUDENT} />
            {text.trajectory.past(past.length)}
          </span>
        )}
        <span className={styles.where}>{text.run.atStep(formatCount(step))}</span>
      </div>
      {isTable && <TrajectoryTable trajectory={trajectory} />}
      <div className={styles.chart} ref={ref} aria-hidden hidden={isTable}>
        {width > 0 &&
          height > 0 &&
          (shows === "plane" ? (
            <LazyPlane
              width={width}
              height={height}
              ways={waysOf(trajectory)}
              target={trajectory.expertWay[targetEpoch]}
            />
          ) : (
            <DistancePlot width={width} height={height} trajectory={trajectory} names={names} />
          ))}
      </div>
      <figcaption className={styles.caption}>
        {sentence} {text.trajectory.explains[shows]}
      </figcaption>
    </figure>
  );
}

function waysOf({ expertWay, past, student }: Trajectory): PlaneWay[] {
  const line = { colour: colourOf(STUDENT), dash: dashOf(STUDENT), width: 1.5, dots: false };
  return [
    ...past.map(({ step, points }) => ({ ...line, key: `past ${step}`, points, width: 1, opacity: 0.3 })),
    {
      key: "expert",
      points: expertWay,
      colour: colourOf(EXPERT),
      dash: dashOf(EXPERT),
      width: 1.5,
      opacity: 1,
      dots: true,
    },
    { ...line, key: "student", points: student.points, opacity: 1, dots: true },
  ];
}

/** Every point of both ways: the student's after each inner step, the expert's after each epoch. */
function TrajectoryTable({ trajectory }: { readonly trajectory: Trajectory }) {
  const { student, expertWay, startEpoch, distances, expertDistances } = trajectory;
  const rows = [
    ...distances.map((distance, k) => ({ name: text.trajectory.innerStep(k), distance, at: student.points[k] })),
    ...expertDistances.map((distance, e) => ({
      name: text.trajectory.epoch(startEpoch + e),
      distance,
      at: expertWay[startEpoch + e],
    })),
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reached by keys.
    <section className={styles.table} tabIndex={0} aria-label={text.trajectory.table}>
      <table className="small-table">
        <thead>
          <tr>
            <td />
            <th scope="col" data-number>
              {text.trajectory.distance}
            </th>
            <th scope="col" data-number>
              {text.trajectory.axes[0]}
            </th>
            <th scope="col" data-number>
              {text.trajectory.axes[1]}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, distance, at }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td data-number>{formatValue(distance)}</td>
              <td data-number>{formatValue(at.x)}</td>
              <td data-number>{formatValue(at.y)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface DistancePlotProps {
  readonly width: number;
  readonly height: number;
  readonly trajectory: Trajectory;
  readonly names: readonly string[];
}

/** Along the student's inner steps; the expert's epochs are spread over the same way. */
function DistancePlot({ width, height, trajectory: { distances, expertDistances }, names }: DistancePlotProps) {
  const steps = distances.length - 1;
  const rows = new Map<number, (number | undefined)[]>(distances.map((value, k) => [k, [value, undefined]]));
  expertDistances.forEach((value, epoch) => {
    const k = (epoch / Math.max(1, expertDistances.length - 1)) * steps;
    rows.set(k, [rows.get(k)?.[STUDENT], value]);
  });
  const all = [...distances, ...expertDistances];
  return (
    <LazyPlot
      width={width}
      height={height}
      right={plotMargin.right}
      rows={[...rows].sort(([a], [b]) => a - b).map(([step, values]) => ({ step, values }))}
      labels={names}
      x={linearAxis(0, Math.max(1, steps), Math.max(2, Math.floor(width / 90)), true)}
      y={linearAxis(Math.min(0, ...all), Math.max(1, ...all), 4)}
    />
  );
}
