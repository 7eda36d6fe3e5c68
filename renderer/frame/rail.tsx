// The left rail: the views, and at its foot the adapter and the runs that compute now.
import { Tooltip } from "@mantine/core";
import { IconCpu, IconPlugConnectedX } from "@tabler/icons-react";
import { useEffect } from "react";
import { useStore } from "zustand";
import type { AppInfo } from "../../shared/api/app.ts";
import { listRunning } from "../../shared/api/compute.ts";
import { labelOf } from "../components/compute-on.tsx";
import { ProgressRing } from "../components/progress-ring.tsx";
import { adapters, app, checking, compute, places, route, runs } from "../host.ts";
import { currentPlace } from "../stores/compute-places.ts";
import { listRings } from "../stores/rings.ts";
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
        <RunningRuns />
        <Adapter />
      </div>
    </nav>
  );
}

/** As many as leave room for the adapter in a low window. */
const MAX_RINGS = 4;

function RunningRuns() {
  const { value } = useStore(compute.store);
  const list = useStore(runs.store).value?.runs ?? [];
  const rings = listRings(value, list).map(({ id, name, running }) => ({
    id,
    label: running ? text.rail.running(name, running) : text.rail.elsewhere(name),
    fraction: running && running.total > 0 ? running.done / running.total : undefined,
  }));
  const more = rings.length - MAX_RINGS;
  return (
    <>
      {rings.slice(0, MAX_RINGS).map(({ id, label, fraction }) => (
        <Tooltip key={id} label={label} position="right">
          <a className={styles.item} href={toHash(["runs", id])} aria-label={label}>
            <ProgressRing fraction={fraction} label={label} size={26} />
          </a>
        </Tooltip>
      ))}
      {more > 0 && (
        <a className={styles.more} href={toHash(["runs"])} aria-label={text.rail.more(more)}>
          +{more}
        </a>
      )}
    </>
  );
}

/** On the desktop the window may have a GPU of its own: looked for once, when the page has nothing else to do. */
function useAdapterSearch(host: AppInfo["host"] | undefined) {
  useEffect(() => {
    if (host !== "electron") return;
    const request = requestIdleCallback(() => void places.find(), { timeout: 5000 });
    return () => cancelIdleCallback(request);
  }, [host]);
}

function Adapter() {
  const { value, error } = useStore(compute.store);
  const known = useStore(adapters.store).value;
  const state = useStore(places.store);
  useAdapterSearch(useStore(app.store).value?.host);
  const running = value ? listRunning(value) : [];
  const chosen = currentPlace(state);
  const gpu = known?.adapters.find(({ software }) => !software);
  const ofHost = known ? (known.auto === "webgpu" && gpu ? gpu.name : known.cpu.model) : text.rail.unknownAdapter;
  const name = chosen && chosen.kind !== "auto" ? labelOf(chosen) : ofHost;
  const bytes = running.reduce((sum, { memoryBytes = 0 }) => sum + memoryBytes, 0);
  const check = useStore(checking);
  const facts = [
    ...(check ? [text.rail.checking(check.done, check.total)] : []),
    running.length > 0 ? text.rail.busy(name) : text.rail.idle(name),
    ...(bytes > 0 ? [text.run.memory(bytes)] : []),
    ...(value && value.queue.length > 0 ? [text.rail.waiting(value.queue.length)] : []),
  ];
  const label = error ? text.rail.hostGone : known || chosen ? facts.join(", ") : name;
  const Picture = error ? IconPlugConnectedX : IconCpu;
  return (
    <Tooltip label={label} position="right">
      <a className={styles.item} href={toHash(["settings"])} aria-label={label}>
        <Picture size={20} stroke={1.5} aria-hidden />
        <span className={styles.lamp} data-state={error ? "gone" : running.length > 0 || check ? "busy" : "idle"} />
      </a>
    </Tooltip>
  );
}
