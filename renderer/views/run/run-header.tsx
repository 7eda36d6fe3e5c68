// The run in one line: state, step, speed, time left, and what can be done; below it how and where it is computed.
import { Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import type { RunRecord } from "../../../shared/api/runs.ts";
import { StateWord } from "../../components/state-word.tsx";
import { formatCount, formatRate } from "../../stores/format.ts";
import type { RunState, RunStatus } from "../../stores/run-state.ts";
import { readPath } from "../../stores/tree.ts";
import { text } from "../../text.ts";
import styles from "./run.module.css";

interface RunHeaderProps {
  readonly record: RunRecord | undefined;
  readonly run: RunState;
  readonly status: RunStatus;
  /** From 1; 0 for a run that does not wait. */
  readonly placeInQueue: number;
  /** Whose the computing process is, where the host knows it. */
  readonly where: "child" | "page" | undefined;
  readonly last: number;
  readonly total: number;
  readonly children: ReactNode;
}

export function RunHeader(props: RunHeaderProps) {
  const { record, run, status, placeInQueue, where, last, total, children } = props;
  const { progress } = run;
  const seconds = Object.values(record?.timings ?? {}).reduce((sum: number, each) => sum + (each ?? 0), 0);
  const isRunning = status === "running";
  const isLater = isRunning && run.stage !== undefined && run.stage !== "synthesise";
  const wasEnded = run.warnings.some(({ code }) => code === "ended-early");
  // As wide as the longest text that can come, so that numbers do not push each other.
  const wide = formatCount(total).length;
  const setup = text.run.setup(
    String(readPath(record?.recipe, "method.id") ?? "").toUpperCase(),
    Number(readPath(record?.recipe, "ipc") ?? 1),
    record?.seed ?? 0,
  );
  return (
    <header className={styles.header}>
      <div className={styles.facts}>
        <StateWord status={status} />
        <span className={styles.fact} style={{ minWidth: `${2 * wide + 7}ch` }}>
          {isRunning && progress?.unit === "kernel"
            ? text.run.checking(formatCount(progress.done), formatCount(progress.total))
            : isLater && progress
              ? text.run.counted(
                  text.stage[progress.stage],
                  text.run.units[progress.unit],
                  formatCount(progress.done),
                  formatCount(progress.total),
                )
              : isRunning && !progress && last === 0
                ? text.run.starting
                : `${text.run.step} ${text.run.stepOf(formatCount(last), formatCount(total))}`}
        </span>
        {placeInQueue > 0 && <span className={styles.fact}>{text.run.waiting(placeInQueue)}</span>}
        {!isRunning && wasEnded && <span className={styles.quiet}>{text.run.endedEarly}</span>}
        {isRunning && progress && progress.unit !== "kernel" && (
          <>
            <span className={styles.fact} style={{ minWidth: "13ch" }}>
              {text.run.rate(formatRate(progress.perSecond), isLater ? text.run.units[progress.unit] : progress.unit)}
            </span>
            <span className={styles.fact} style={{ minWidth: "13ch" }}>
              {progress.secondsLeft === null ? "" : text.run.left(progress.secondsLeft)}
            </span>
          </>
        )}
        {isRunning && progress?.stage === "prepare" && <span className={styles.quiet}>{progress.note}</span>}
        {!isRunning && seconds > 0 && <span className={styles.quiet}>{text.run.took(seconds)}</span>}
      </div>
      <div className={styles.setup}>
        {record && <span className={styles.quiet}>{setup}</span>}
        {record?.adapter && (
          <span className={styles.quiet} title={record.adapter}>
            {record.adapter}
            {isRunning && where && `, ${text.run.where[where]}`}
          </span>
        )}
        {isRunning && progress?.memoryBytes !== undefined && (
          <Tooltip label={text.run.memoryHint}>
            <span className={styles.quiet}>{text.run.memory(progress.memoryBytes)}</span>
          </Tooltip>
        )}
      </div>
      <div className={styles.actions}>{children}</div>
      <span
        className={styles.bar}
        style={{ width: `${100 * (isRunning && progress ? progress.done / Math.max(1, progress.total) : 0)}%` }}
      />
    </header>
  );
}
