// The loss of a run as a line in a table's cell.
import type { RunSummary } from "../../../shared/api/runs.ts";
import { toSparkline } from "../../stores/sparkline.ts";
import { text } from "../../text.ts";
import styles from "./runs.module.css";

const WIDTH = 96;
const HEIGHT = 22;

interface LossLineProps {
  readonly points: RunSummary["loss"];
  readonly isRunning: boolean;
}

export function LossLine({ points, isRunning }: LossLineProps) {
  const [first] = points;
  const last = points.at(-1);
  const label = first && last ? text.runs.lossSentence(first.value, last.value) : undefined;
  return (
    <svg
      className={styles.line}
      data-running={isRunning || undefined}
      width={WIDTH}
      height={HEIGHT}
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
    >
      {label && <title>{label}</title>}
      <path d={toSparkline(points, WIDTH, HEIGHT)} />
    </svg>
  );
}
