// One run: its images beside its curves, with one cursor through its history.
import { IconFlask2 } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { listRunning } from "../../../shared/api/compute.ts";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { Scrubber } from "../../components/scrubber.tsx";
import { useBitmap } from "../../components/use-bitmap.ts";
import { useAction } from "../../hooks/use-action.ts";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { useTask } from "../../hooks/use-task.ts";
import { useWatch } from "../../hooks/use-watch.ts";
import { client, compute, datasets, go, recipes, runner } from "../../host.ts";
import type { Place } from "../../stores/compute-places.ts";
import { shownStep, stepTo } from "../../stores/cursor.ts";
import { countClasses } from "../../stores/light-table.ts";
import { type Route, toHash } from "../../stores/route.ts";
import { lastStep } from "../../stores/run-state.ts";
import { readPath } from "../../stores/tree.ts";
import type { RunWatch } from "../../stores/watch-run.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import { AccuracyPanel } from "./accuracy-panel.tsx";
import { CurvesPanel } from "./curves-panel.tsx";
import { ImagesPanel } from "./images-panel.tsx";
import styles from "./run.module.css";
import { RunActions, type Wish } from "./run-actions.tsx";
import { RunHeader } from "./run-header.tsx";
import { RunLog } from "./run-log.tsx";
import { CopyDiagnostics, RunNotices } from "./run-notices.tsx";

function RunView({ route }: { readonly route: Route }) {
  const watch = useWatch(route.segments[1]);
  return <WatchedRun key={route.segments[1]} id={route.segments[1]} watch={watch} />;
}

function WatchedRun({ id, watch }: { readonly id: string; readonly watch: RunWatch }) {
  const { record, run, evaluation, notices, connection, error } = useStore(watch.store);
  const computing = useStore(compute.store).value;
  const list = useStore(datasets.store).value;
  const seeds = useRemote(recipes).value?.seeds;
  const task = useTask();
  const [wish, setWish] = useState<Wish>();
  useCrumbs(
    record
      ? { label: record.dataset.name, href: toHash(["datasets", record.dataset.id]) }
      : { label: text.runs.title, href: toHash(["runs"]) },
    { label: record?.name ?? "" },
  );

  const placeInQueue = (computing?.queue.indexOf(id) ?? -1) + 1;
  const computer = computing && listRunning(computing).find(({ runId }) => runId === id);
  const isWaiting = placeInQueue > 0;
  const isRunning = run.status === "running" && connection !== "ended";
  const status =
    run.status === "running" && connection === "ended"
      ? (record?.status ?? "stopped")
      : (run.status ?? record?.status ?? "created");
  const state = !record
    ? "unknown"
    : isRunning
      ? "running"
      : isWaiting
        ? "waiting"
        : status === "done"
          ? "done"
          : status === "created"
            ? "new"
            : "resumable";
  const isDistilling = run.stage === undefined || run.stage === "prepare" || run.stage === "synthesise";
  // A wish is fulfilled when the run is in another state.
  useEffect(() => {
    if (state !== "running" || !isDistilling) setWish(undefined);
  }, [state, isDistilling]);

  const follow = async () => {
    await compute.refresh();
    // Not awaited: it follows until the run ends.
    void watch.follow();
  };
  const start = (place?: Place) =>
    task.run(async () => {
      await runner.start(id, place);
      await follow();
    });
  const pause = () =>
    task.run(async () => {
      if (state === "running") setWish("pause");
      await runner.stop(id);
      await compute.refresh();
    });
  const finish = async () => {
    const isAgreed = await runner.finish(id);
    if (state === "running") setWish("finish");
    else if (isAgreed) await follow();
  };

  const last = lastStep(run);
  const { cursor } = watch;
  const move = (by: 1 | -1) => {
    const now = cursor.getState();
    const next = stepTo(run.previews, shownStep(now, last), by);
    if (next === undefined || next >= last) now.goLive();
    else now.pin(next);
  };
  const hasImages = run.previews.length > 0;
  const openExport = () => go(["runs", id, "export"]);
  const isActive = state === "running" || state === "waiting";
  useAction("pause", isActive ? pause : () => start(), isActive || state === "new" || state === "resumable");
  useAction("live", () => cursor.getState().goLive());
  useAction("step-back", () => move(-1), hasImages);
  useAction("step-on", () => move(1), hasImages);
  useAction("export", openExport, hasImages);

  const dataset = list?.datasets.find((each) => each.id === record?.dataset.id);
  const isDatasetGone = list !== undefined && record !== undefined && dataset === undefined;
  const ipc = Number(readPath(record?.recipe, "ipc") ?? 1);
  const [first] = run.previews;
  const picture = useBitmap(isDatasetGone && first ? client.runs.previewUrl(id, first.file) : undefined);
  const classNames = useMemo(() => {
    if (dataset) return dataset.classes.map(({ name }) => name);
    const count = picture ? countClasses(picture.bitmap, ipc) : 0;
    return Array.from({ length: count }, (_, i) => text.run.unnamedClass(i));
  }, [dataset, picture, ipc]);
  const total = run.steps.synthesise ?? Number(readPath(record?.recipe, "method.steps") ?? last);
  /** A distillation that was ended by hand has no steps to come. */
  const end = run.warnings.some(({ code }) => code === "ended-early") ? last : total;
  const evaluatedAt = useMemo(() => {
    const steps = new Set(run.judged.map(({ step }) => step));
    if (run.evaluations.length > 0) steps.add(last);
    return [...steps];
  }, [run.judged, run.evaluations.length, last]);

  if (error !== undefined && !record) {
    return (
      <div className={styles.alone}>
        <ErrorPanel error={error}>
          <CopyDiagnostics record={record} />
        </ErrorPanel>
      </div>
    );
  }
  return (
    <div className={styles.page}>
      <RunHeader
        record={record}
        run={run}
        status={status}
        placeInQueue={placeInQueue}
        where={computer?.where}
        last={last}
        total={total}
      >
        <RunActions
          record={record}
          state={state}
          wish={wish}
          isBusy={task.isBusy}
          isFailed={status === "failed"}
          isDistilling={isDistilling && last < end}
          hasImages={hasImages}
          evaluates={record?.evaluate !== false}
          last={last}
          total={total}
          onStart={start}
          onPause={pause}
          onFinish={finish}
          onExport={openExport}
        />
      </RunHeader>
      <RunNotices
        record={record}
        run={run}
        status={status}
        connection={connection}
        isDatasetGone={isDatasetGone}
        error={task.error}
      />
      <div className={styles.columns}>
        <ImagesPanel
          id={id}
          datasetId={dataset?.id}
          classNames={classNames}
          ipc={ipc}
          previews={run.previews}
          news={`${status} ${run.checkpoints.at(-1)?.seq} ${run.stage}`}
          cursor={cursor}
          last={last}
        />
        <div className={styles.side}>
          <CurvesPanel
            series={run.series}
            details={run.details}
            judged={run.judged}
            stage={run.stage}
            classNames={classNames}
            total={end}
            cursor={cursor}
            last={last}
          />
          <AccuracyPanel
            record={record}
            evaluation={evaluation}
            evaluations={run.evaluations}
            judged={run.judged}
            seeds={seeds}
            endedAt={end < total ? end : undefined}
            note={isRunning && run.progress?.stage === "evaluate" ? run.progress.note : undefined}
          />
        </div>
      </div>
      <Scrubber
        cursor={cursor}
        last={last}
        total={end}
        previews={run.previews}
        checkpoints={run.checkpoints}
        evaluations={evaluatedAt}
        isRunning={isRunning}
      />
      <RunLog log={run.log} notices={notices} />
    </div>
  );
}

export const runView = defineView({
  id: "run",
  title: text.runs.title,
  icon: IconFlask2,
  path: "runs/:id",
  Component: RunView,
});
