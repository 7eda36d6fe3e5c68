// What of a run is to be written, where, and what will lie there, before it is written.
import { Button, Checkbox } from "@mantine/core";
import { IconDownload, IconPackageExport } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import type { ExportPlan, ExportResult } from "../../../shared/api/runs.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { Panel } from "../../components/panel.tsx";
import { ProgressRing } from "../../components/progress-ring.tsx";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { useTask } from "../../hooks/use-task.ts";
import { client, exportFormats, runs } from "../../host.ts";
import { formatBytes } from "../../stores/format.ts";
import { type Route, toHash } from "../../stores/route.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import styles from "./export.module.css";
import { ExportPlace } from "./export-place.tsx";
import { ExportTreeView } from "./export-tree.tsx";
import { Loaders } from "./loaders.tsx";
import { Written } from "./written.tsx";

const usual = ["image-folder", "safetensors"];

interface Planned {
  readonly plan?: ExportPlan;
  readonly error?: unknown;
}

/** The plan for what is chosen; while a new one is made, the old one stays in sight. */
function usePlan(id: string, chosen: readonly string[], dir: string) {
  const [planned, setPlanned] = useState<Planned>({});
  const [again, setAgain] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` asks for the same plan once more.
  useEffect(() => {
    if (chosen.length === 0) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      client.runs.planExport(id, chosen, dir || undefined).then(
        (plan) => isWanted && setPlanned({ plan }),
        (error: unknown) => isWanted && setPlanned(({ plan }) => ({ ...(plan && { plan }), error })),
      );
    }, 150);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [id, chosen, dir, again]);
  return { ...planned, refresh: () => setAgain((number) => number + 1) };
}

function Export({ route }: { readonly route: Route }) {
  const id = route.segments[1];
  const list = useRemote(runs);
  const record = list.value?.runs.find((each) => each.record.id === id)?.record;
  useCrumbs(
    { label: text.runs.title, href: toHash(["runs"]) },
    { label: record?.name ?? id, href: toHash(["runs", id]) },
    { label: text.export.title },
  );
  const formats = useRemote(exportFormats);
  const [chosen, setChosen] = useState<readonly string[]>(usual);
  const [dir, setDir] = useState("");
  const { plan, error, refresh } = usePlan(id, chosen, dir.trim());
  const [result, setResult] = useState<ExportResult>();
  const [progress, setProgress] = useState<{ done: number; total: number }>();
  const [isStopped, setStopped] = useState(false);
  const stop = useRef<AbortController>(undefined);
  const task = useTask();
  useEffect(() => () => stop.current?.abort(), []);

  const choose = (format: string, isWanted: boolean) => {
    setResult(undefined);
    const all = formats.value ?? [];
    setChosen(all.map((each) => each.id).filter((each) => (each === format ? isWanted : chosen.includes(each))));
  };
  const write = () =>
    task.run(async () => {
      const controller = (stop.current = new AbortController());
      setResult(undefined);
      setStopped(false);
      setProgress({ done: 0, total: plan?.fileCount ?? 0 });
      try {
        const onProgress = (done: number, total: number) => setProgress({ done, total });
        const { signal } = controller;
        setResult(await client.runs.export(id, chosen, dir.trim() || undefined, { onProgress, signal }));
      } catch (failure) {
        if (!controller.signal.aborted) throw failure;
        setStopped(true);
      } finally {
        setProgress(undefined);
        refresh();
      }
    });

  if ((error as { code?: string } | undefined)?.code === "nothing-to-export") {
    return (
      <EmptyState icon={IconPackageExport} title={text.export.title} message={text.export.notDone}>
        <Button component="a" href={toHash(["runs", id])}>
          {text.export.toRun}
        </Button>
      </EmptyState>
    );
  }
  const hasPlan = chosen.length > 0 && plan !== undefined && error === undefined;
  const isReady = hasPlan && plan.place.kind !== "occupied" && !task.isBusy;

  return (
    <div className={styles.page}>
      <div className={styles.left}>
        <Panel title={text.export.formats}>
          {formats.error !== undefined && <ErrorPanel error={formats.error} />}
          <div className={styles.formats}>
            {formats.value?.map(({ id: format, title, extension, description }) => (
              <Checkbox
                key={format}
                label={title.toLowerCase().includes(extension.slice(1)) ? title : `${title} (${extension})`}
                description={description}
                checked={chosen.includes(format)}
                disabled={task.isBusy}
                onChange={(event) => choose(format, event.currentTarget.checked)}
              />
            ))}
          </div>
        </Panel>
        <Panel title={text.export.place}>
          <ExportPlace
            dir={dir}
            plan={hasPlan ? plan : undefined}
            isBusy={task.isBusy}
            onChange={(next) => {
              setResult(undefined);
              setDir(next);
            }}
          />
          <div className={styles.actions}>
            {progress ? (
              <>
                <ProgressRing
                  fraction={progress.total > 0 ? progress.done / progress.total : undefined}
                  label={text.export.writing(progress.done, progress.total)}
                  size={20}
                />
                <span className={styles.progress}>{text.export.writing(progress.done, progress.total)}</span>
                <Button variant="default" onClick={() => stop.current?.abort()}>
                  {text.export.stop}
                </Button>
              </>
            ) : (
              <>
                <Button leftSection={<IconPackageExport size={14} />} disabled={!isReady} onClick={write}>
                  {text.export.write}
                </Button>
                <Button
                  variant="default"
                  leftSection={<IconDownload size={14} />}
                  component="a"
                  href={hasPlan ? client.runs.archiveUrl(id, chosen) : undefined}
                  download={`${id}.zip`}
                  aria-disabled={!hasPlan}
                  data-disabled={!hasPlan || undefined}
                >
                  {text.export.download}
                </Button>
              </>
            )}
          </div>
          {task.error !== undefined && (
            <div className={styles.below}>
              <ErrorPanel error={task.error} />
            </div>
          )}
          {isStopped && <p className={styles.below}>{text.export.stopped}</p>}
          {result && (
            <Written result={result} hasPictures={chosen.some((each) => each !== "npz" && each !== "safetensors")} />
          )}
        </Panel>
      </div>
      <div className={styles.right}>
        <Panel
          title={text.export.plan}
          fill
          tools={hasPlan && <span>{text.export.files(plan.fileCount, formatBytes(plan.tree.bytes))}</span>}
        >
          {chosen.length === 0 && <p className={styles.quiet}>{text.export.noFormat}</p>}
          {error !== undefined && <ErrorPanel error={error} />}
          {hasPlan && (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reached by keys.
            <section className={styles.tree} tabIndex={0} aria-label={plan.dir}>
              <ExportTreeView tree={plan.tree} openLevels={2} />
            </section>
          )}
        </Panel>
        {hasPlan && plan.loaders.length > 0 && <Loaders loaders={plan.loaders} />}
      </div>
    </div>
  );
}

export const exportView = defineView({
  id: "export",
  title: text.export.title,
  icon: IconPackageExport,
  path: "runs/:id/export",
  Component: Export,
});
