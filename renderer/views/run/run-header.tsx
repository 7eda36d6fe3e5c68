// The run in one line: state, step, speed, time left, and what can be done.
import type { ReactNode } from "react";
import type { RunRecord } from "../../../shared/api/runs.ts";
import { StateWord } from "../../components/state-word.tsx";
import { formatCount, formatRate } from "../../stores/format.ts";
import type { RunState, RunStatus } from "../../stores/run-state.ts";
import { text } from "../../text.ts";
import styles from "./run.module.css";

interface RunHeaderProps {
  readonly record: RunRecord | undefined;
  readonly run: RunState;
  readonly status: RunStatus;
  readonly isWaiting: boolean;
  readonly last: number;
  readonly total: number;
  readonly children: ReactNode;
}

export function RunHeader({ record, run, status, isWaiting, last, total, children }: RunHeaderProps) {
  const { progress } = run;
  const seconds = Object.values(record?.timings ?? {}).reduce((sum: number, each) => sum + (each ?? 0), 0);
  const isRunning = status === "running";
  return (
    <header className={styles.header}>
      <StateWord status={status} />
      <span className={styles.fact}>
        {isWaiting
          ? text.run.waiting
          : isRunning && run.stage && run.stage !== "synthesise"
            ? text.stage[run.stage]
            : `${text.run.step} ${text.run.stepOf(formatCount(last), formatCount(total))}`}
      </span>
      {isRunning && progress && (
        <>
          <span className={styles.fact}>{text.run.rate(formatRate(progress.perSecond), progress.unit)}</span>
          <span className={styles.fact}>
            {progress.secondsLeft === null ? "" : text.run.left(progress.secondsLeft)}
          </span>
          <span className={styles.quiet}>{progress.note}</span>
        </>
      )}
      {!isRunning && seconds > 0 && <span className={styles.quiet}>{text.run.took(seconds)}</span>}
      {!isRunning && record?.adapter && <span className={styles.quiet}>{record.adapter}</span>}
      <div className={styles.actions}>{children}</div>
      <span
        className={styles.bar}
        style={{ width: `${100 * (isRunning && progress ? progress.done / Math.max(1, progress.total) : 0)}%` }}
      />
    </header>
  );
}
