// One run: its images beside its curves, with one cursor through its history.
import { ActionIcon, Button, Tooltip } from "@mantine/core";
import {
  IconFlask2,
  IconMinus,
  IconPackageExport,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlus,
} from "@tabler/icons-react";
import { useCallback, useMemo, useState } from "react";
import { useStore } from "zustand";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { LightTable, type PlacedImage } from "../../components/light-table.tsx";
import { MetricChart } from "../../components/metric-chart.tsx";
import { Panel } from "../../components/panel.tsx";
import { Scores } from "../../components/scores.tsx";
import { Scrubber } from "../../components/scrubber.tsx";
import { useAction } from "../../hooks/use-action.ts";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useTask } from "../../hooks/use-task.ts";
import { useWatch } from "../../hooks/use-watch.ts";
import { client, compute, datasets, go, runner } from "../../host.ts";
import { previewAt, shownStep, stepTo } from "../../stores/cursor.ts";
import { MAX_ZOOM } from "../../stores/light-table.ts";
import { type Route, toHash } from "../../stores/route.ts";
import { lastStep, seriesKey } from "../../stores/run-state.ts";
import { gatherScores, scoresOf } from "../../stores/scores.ts";
import { readPath } from "../../stores/tree.ts";
import type { RunWatch } from "../../stores/watch-run.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import { ImageDetail } from "./image-detail.tsx";
import styles from "./run.module.css";
import { RunHeader } from "./run-header.tsx";

function RunView({ route }: { readonly route: Route }) {
  const watch = useWatch(route.segments[1]);
  return <WatchedRun key={route.segments[1]} id={route.segments[1]} watch={watch} />;
}

function WatchedRun({ id, watch }: { readonly id: string; readonly watch: RunWatch }) {
  const { record, run, evaluation, connection, error } = useStore(watch.store);
  const cursor = useStore(watch.cursor);
  const computing = useStore(compute.store).value;
  const list = useStore(datasets.store).value;
  const [zoom, setZoom] = useState<number | "fit">("fit");
  const [hovered, setHovered] = useState<PlacedImage>();
  const [opened, setOpened] = useState<PlacedImage>();
  const task = useTask();
  useCrumbs(
    record
      ? { label: record.dataset.name, href: toHash(["datasets", record.dataset.id]) }
      : { label: text.runs.title, href: toHash(["runs"]) },
    { label: record?.name ?? "" },
  );

  const isWaiting = computing?.queue.includes(id) ?? false;
  const isRunning = run.status === "running" && connection !== "ended";
  const status =
    run.status === "running" && connection === "ended"
      ? (record?.status ?? "stopped")
      : (run.status ?? record?.status ?? "created");
  const canStart = !isRunning && !isWaiting && status !== "done" && record !== undefined;

  const start = () =>
    task.run(async () => {
      await runner.start(id);
      await compute.refresh();
      // Not awaited: it follows until the run ends.
      watch.follow();
    });
  const stop = () =>
    task.run(async () => {
      await runner.stop(id);
      await compute.refresh();
    });
  const last = lastStep(run);
  const step = shownStep(cursor, last);
  const preview = previewAt(run.previews, step);
  const move = (by: 1 | -1) => {
    const next = stepTo(run.previews, step, by);
    if (next === undefined || next >= last) cursor.goLive();
    else cursor.pin(next);
  };
  const hasSet = status === "done" || run.stage === "evaluate";
  const openExport = () => go(["runs", id, "export"]);
  useAction("pause", () => (isRunning || isWaiting ? stop() : start()), isRunning || isWaiting || canStart);
  useAction("live", cursor.goLive);
  useAction("step-back", () => move(-1), run.previews.length > 0);
  useAction("step-on", () => move(1), run.previews.length > 0);
  useAction("zoom-images", () => setZoom((now) => (now === "fit" ? 4 : now >= 8 ? "fit" : now + 2)));
  useAction("export", openExport, hasSet);

  const dataset = list?.datasets.find((each) => each.id === record?.dataset.id);
  const ipc = Number(readPath(record?.recipe, "ipc") ?? 1);
  const classNames = useMemo(() => dataset?.classes.map(({ name }) => name), [dataset]);
  const loss = run.series[seriesKey("synthesise", "loss")];
  const curves = useMemo(
    () => (loss ? [{ label: text.run.loss, steps: loss.steps, values: loss.values }] : []),
    [loss],
  );
  const total = run.steps.synthesise ?? Number(readPath(record?.recipe, "method.steps") ?? last);
  const scores = useMemo(
    () => (evaluation ? scoresOf(evaluation) : gatherScores(run.evaluations)),
    [evaluation, run.evaluations],
  );
  const hover = useCallback((image: PlacedImage | undefined) => setHovered(image), []);

  if (error !== undefined && !record) {
    return (
      <div className={styles.alone}>
        <ErrorPanel error={error} />
      </div>
    );
  }
  // A dataset that was deleted since leaves its classes nameless.
  const names = classNames ?? [];
  return (
    <div className={styles.page}>
      <RunHeader record={record} run={run} status={status} isWaiting={isWaiting} last={last} total={total}>
        {(isRunning || isWaiting) && (
          <Button variant="default" leftSection={<IconPlayerPause size={14} />} loading={task.isBusy} onClick={stop}>
            {text.run.pause}
          </Button>
        )}
        {canStart && (
          <Button leftSection={<IconPlayerPlay size={14} />} loading={task.isBusy} onClick={start}>
            {status === "created" ? text.run.start : text.run.resume}
          </Button>
        )}
        <Button
          variant={status === "done" ? "filled" : "default"}
          leftSection={<IconPackageExport size={14} />}
          disabled={!hasSet}
          onClick={openExport}
        >
          {text.run.export}
        </Button>
      </RunHeader>
      {(task.error ?? run.failure ?? (status === "failed" ? record?.error : undefined)) !== undefined && (
        <ErrorPanel error={task.error ?? run.failure ?? record?.error} />
      )}
      {connection === "broken" && <p className={styles.note}>{text.run.broken}</p>}
      <div className={styles.columns}>
        <Panel
          title={text.run.images}
          fill
          flush
          tools={
            <>
              <span className={styles.hovered} aria-live="off">
                {hovered
                  ? text.run.image(names[hovered.classIndex] ?? "", hovered.index, ipc)
                  : text.run.nothingHovered(names.length, ipc)}
              </span>
              <ZoomButtons zoom={zoom} onChange={setZoom} />
            </>
          }
        >
          <LightTable
            url={preview && client.runs.previewUrl(id, preview.file)}
            classNames={names}
            ipc={ipc}
            step={preview?.step ?? 0}
            zoom={zoom}
            onHover={hover}
            onChoose={setOpened}
          />
        </Panel>
        <div className={styles.side}>
          <MetricChart
            title={text.run.loss}
            metric={text.run.loss}
            curves={curves}
            total={total}
            cursor={watch.cursor}
            last={last}
          />
          <Panel title={text.run.accuracy}>
            <Scores
              scores={scores}
              empty={record?.evaluate === false ? text.run.noEvaluation : text.run.accuracyEmpty}
            />
          </Panel>
        </div>
      </div>
      <Scrubber
        cursor={watch.cursor}
        last={last}
        total={total}
        previews={run.previews}
        checkpoints={run.checkpoints}
        isRunning={isRunning}
      />
      {opened && preview && (
        <ImageDetail
          runId={id}
          image={opened}
          name={names[opened.classIndex] ?? ""}
          classes={names.length}
          ipc={ipc}
          previews={run.previews}
          shown={preview}
          onStep={cursor.pin}
          onClose={() => setOpened(undefined)}
        />
      )}
    </div>
  );
}

interface ZoomButtonsProps {
  readonly zoom: number | "fit";
  readonly onChange: (zoom: number | "fit") => void;
}

function ZoomButtons({ zoom, onChange }: ZoomButtonsProps) {
  const by = (change: number) => {
    const next = (zoom === "fit" ? 4 : zoom) + change;
    onChange(Math.max(1, Math.min(MAX_ZOOM, next)));
  };
  return (
    <span className={styles.zoom}>
      <Tooltip label={text.run.zoomOut}>
        <ActionIcon size={24} aria-label={text.run.zoomOut} onClick={() => by(-1)}>
          <IconMinus size={14} />
        </ActionIcon>
      </Tooltip>
      <Button size="compact-xs" variant="subtle" color="gray" w={44} onClick={() => onChange("fit")}>
        {zoom === "fit" ? text.run.fit : `${zoom} ×`}
      </Button>
      <Tooltip label={text.run.zoomIn}>
        <ActionIcon size={24} aria-label={text.run.zoomIn} onClick={() => by(1)}>
          <IconPlus size={14} />
        </ActionIcon>
      </Tooltip>
    </span>
  );
}

export const runView = defineView({
  id: "run",
  title: text.runs.title,
  icon: IconFlask2,
  path: "runs/:id",
  Component: RunView,
});
