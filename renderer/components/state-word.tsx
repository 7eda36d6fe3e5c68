// A run's state: a word with a shape and a colour, never a colour alone.
import {
  type Icon,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconLoader2,
  IconPlayerPause,
} from "@tabler/icons-react";
import type { RunStatus } from "../stores/run-state.ts";
import { text } from "../text.ts";
import styles from "./state-word.module.css";

const icons: Record<RunStatus, Icon> = {
  created: IconCircleDashed,
  running: IconLoader2,
  paused: IconPlayerPause,
  stopped: IconPlayerPause,
  failed: IconCircleX,
  done: IconCircleCheck,
};

export function StateWord({ status }: { readonly status: RunStatus }) {
  const Picture = icons[status];
  return (
    <span className={styles.state} data-status={status}>
      <Picture size={14} aria-hidden />
      {text.status[status]}
    </span>
  );
}
