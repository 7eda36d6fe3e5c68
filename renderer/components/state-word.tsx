// A run's state: a word with a shape and a colour, never a colour alone.
import {
  type Icon,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconClock,
  IconLoader2,
  IconPlayerPause,
} from "@tabler/icons-react";
import type { RowState } from "../stores/run-rows.ts";
import { text } from "../text.ts";
import styles from "./state-word.module.css";

const icons: Record<RowState, Icon> = {
  waiting: IconClock,
  created: IconCircleDashed,
  running: IconLoader2,
  paused: IconPlayerPause,
  stopped: IconPlayerPause,
  failed: IconCircleX,
  done: IconCircleCheck,
};

export function StateWord({ status }: { readonly status: RowState }) {
  const Picture = icons[status];
  return (
    <span className={styles.state} data-status={status}>
      <Picture size={14} aria-hidden />
      {text.status[status]}
    </span>
  );
}
