// The left rail: the views, and at its foot the adapter and the run that computes now.
import { Tooltip } from "@mantine/core";
import { IconCpu, IconPlugConnectedX } from "@tabler/icons-react";
import { useStore } from "zustand";
import { labelOf } from "../components/compute-on.tsx";
import { ProgressRing } from "../components/progress-ring.tsx";
import { adapters, compute, places, route, runs } from "../host.ts";
import { currentPlace } from "../stores/compute-places.ts";
import { formatDuration } from "../stores/format.ts";
import { toHash } from "../stores/route.ts";
import { text } from "../text.ts";
import { findView, views } from "../views/index.ts";
import type { View } from "../views/view.ts";
import styles from "./rail.module.css";

export function Rail() {
  const { segments } = useStore(route);
  const current = findView(segments);
  // A view that the rail does not show belongs to the one whose address begins alike.
  const isCurrent = ({ id, path }: View) =>
    current?.path === path || current?.under === id || (!current?.isInRail && segments[0] === path);
  return (
    <nav className={styles.rail} aria-label={text.rail.label}>
      {views
        .filter(({ isInRail }) => isInRail)
        .map((view) => ({ ...view, isHere: isCurrent(view) }))
        .map(({ id, title, icon: Picture, path, isHere }) => (
          <Tooltip key={id} label={title} position="right">
            <a
              className={styles.item}
              href={toHash(path.split("/"))}
              aria-label={title}
              aria-current={isHere ? "page" : undefined}
            >
              <Picture size={22} stroke={1.5} aria-hidden />
            </a>
          </Tooltip>
        ))}
      <div className={styles.foot}>
        <RunningRun />
        <Adapter />
      </div>
    </nav>
  );
}

function RunningRun() {
  const { value } = useStore(compute.store);
  const list = useStore(runs.store).value?.runs ?? [];
  const running = value?.running;
  if (!running) {
    // Computed by another process, such as the command line: it tells no progress.
    const other = list.find(({ isActive }) => isActive)?.record;
    if (!other) return null;
    const label = text.rail.elsewhere(other.name);
    return (
      <Tooltip label={label} position="right">
        <a className={styles.item} href={toHash(["runs", other.id])} aria-label={label}>
          <ProgressRing fraction={undefined} label={label} size={26} />
        </a>
      </Tooltip>
    );
  }
  const name = list.find(({ record }) => record.id === running.runId)?.record.name ?? running.runId;
  const fraction = running.total > 0 ? running.done / running.total : undefined;
  const percent = Math.round(100 * (fraction ?? 0));
  const label = text.rail.running(
    name,
    percent,
    running.secondsLeft === null ? "" : formatDuration(running.secondsLeft),
  );
  return (
    <Tooltip label={label} position="right">
      <a className={styles.item} href={toHash(["runs", running.runId])} aria-label={label}>
        <ProgressRing fraction={fraction} label={label} size={26} />
      </a>
    </Tooltip>
  );
}

function Adapter() {
  const { value, error } = useStore(compute.store);
  const known = useStore(adapters.store).value;
  const chosen = currentPlace(useStore(places.store));
  const gpu = known?.adapters.find(({ software }) => !software);
  const ofHost = known ? (known.auto === "webgpu" && gpu ? gpu.name : known.cpu.model) : text.rail.unknownAdapter;
  const name = chosen && chosen.kind !== "auto" ? labelOf(chosen) : ofHost;
  const waiting = value && value.queue.length > 0 ? `. ${text.rail.waiting(value.queue.length)}` : "";
  const label = error
    ? text.rail.hostGone
    : known || chosen
      ? `${value?.running ? text.rail.busy(name) : text.rail.idle(name)}${waiting}`
      : name;
  const Picture = error ? IconPlugConnectedX : IconCpu;
  return (
    <Tooltip label={label} position="right">
      <a className={styles.item} href={toHash(["settings"])} aria-label={label}>
        <Picture size={20} stroke={1.5} aria-hidden />
        <span className={styles.lamp} data-state={error ? "gone" : value?.running ? "busy" : "idle"} />
      </a>
    </Tooltip>
  );
}
