// What of a run is to be written, where, and what will lie there, before it is written.
import { Button, Checkbox, TextInput } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconDownload, IconFile, IconFolder, IconPackageExport } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { ExportPlan, ExportResult, ExportTree } from "../../../shared/api/runs.ts";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { Panel } from "../../components/panel.tsx";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { useTask } from "../../hooks/use-task.ts";
import { client, runs, shell } from "../../host.ts";
import { formatBytes } from "../../stores/format.ts";
import { type Route, toHash } from "../../stores/route.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import styles from "./export.module.css";

const formats = Object.keys(text.export.formatNames);
const MAX_CHILDREN = 12;

function Export({ route }: { readonly route: Route }) {
  const id = route.segments[1];
  const record = useRemote(runs).value?.runs.find((each) => each.record.id === id)?.record;
  useCrumbs(
    { label: record?.dataset.name ?? text.runs.title, href: toHash(["runs"]) },
    { label: record?.name ?? "", href: toHash(["runs", id]) },
    { label: text.export.title },
  );
  const [chosen, setChosen] = useState<readonly string[]>(["image-folder", "safetensors"]);
  const [dir, setDir] = useState("");
  const [plan, setPlan] = useState<ExportPlan>();
  const [planError, setPlanError] = useState<unknown>();
  const [result, setResult] = useState<ExportResult>();
  const clipboard = useClipboard({ timeout: 2000 });
  const task = useTask();

  useEffect(() => {
    setResult(undefined);
    if (chosen.length === 0) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      client.runs.planExport(id, chosen, dir.trim() || undefined).then(
        (answer) => {
          if (!isWanted) return;
          setPlan(answer);
          setPlanError(undefined);
        },
        (failure: unknown) => isWanted && setPlanError(failure),
      );
    }, 150);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [id, chosen, dir]);

  const write = () => task.run(async () => setResult(await client.runs.export(id, chosen, dir.trim() || undefined)));
  const choose = async () => {
    const folder = await shell?.chooseExportFolder();
    if (folder) setDir(folder);
  };
  const isReady = chosen.length > 0 && plan !== undefined && planError === undefined;

  return (
    <div className={styles.page}>
      <div className={styles.left}>
        <Panel title={text.export.formats}>
          <div className={styles.formats}>
            {formats.map((format) => {
              const [name, description] = text.export.formatNames[format];
              return (
                <Checkbox
                  key={format}
                  label={name}
                  description={description}
                  checked={chosen.includes(format)}
                  onChange={(event) =>
                    setChosen(
                      formats.filter((each) => (each === format ? event.currentTarget.checked : chosen.includes(each))),
                    )
                  }
                />
              );
            })}
          </div>
        </Panel>
        <Panel title={text.export.place}>
          <div className={styles.place}>
            <TextInput
              aria-label={text.export.place}
              description={text.export.placeHint}
              placeholder={plan?.dir}
              value={dir}
              onChange={(event) => setDir(event.currentTarget.value)}
              spellCheck={false}
              className={styles.grow}
            />
            {shell && (
              <Button variant="default" onClick={choose}>
                {text.export.choose}
              </Button>
            )}
          </div>
          <div className={styles.actions}>
            <Button
              leftSection={<IconPackageExport size={14} />}
              disabled={!isReady}
              loading={task.isBusy}
              onClick={write}
            >
              {text.export.write}
            </Button>
            <Button
              variant="default"
              leftSection={<IconDownload size={14} />}
              component="a"
              href={client.runs.archiveUrl(id, chosen)}
              download
              aria-disabled={!isReady}
              data-disabled={!isReady || undefined}
            >
              {text.export.download}
            </Button>
          </div>
        </Panel>
        {task.error !== undefined && <ErrorPanel error={task.error} />}
        {result && (
          <div className={styles.result} role="status">
            <p>{text.export.written(result.dir)}</p>
            {result.clipped > 0 && <p className={styles.quiet}>{text.export.clipped(result.clipped)}</p>}
            <div className={styles.actions}>
              {shell && (
                <Button size="compact-xs" variant="default" onClick={() => shell?.reveal(result.dir)}>
                  {text.export.reveal}
                </Button>
              )}
              <Button size="compact-xs" variant="default" onClick={() => clipboard.copy(result.dir)}>
                {clipboard.copied ? text.copied : text.export.copyPath}
              </Button>
            </div>
          </div>
        )}
      </div>
      <Panel
        title={text.export.plan}
        fill
        tools={isReady && plan && <span>{text.export.files(plan.fileCount, formatBytes(plan.tree.bytes))}</span>}
      >
        {chosen.length === 0 && <p className={styles.quiet}>{text.export.noFormat}</p>}
        {planError !== undefined && <ErrorPanel error={planError} />}
        {isReady && plan && (
          <div className={styles.tree}>
            <Branch tree={plan.tree} openLevels={2} />
          </div>
        )}
      </Panel>
    </div>
  );
}

function Branch({ tree, openLevels }: { readonly tree: ExportTree; readonly openLevels: number }) {
  const size = (
    <span className={styles.size}>
      {tree.isExact ? formatBytes(tree.bytes) : text.export.atMost(formatBytes(tree.bytes))}
    </span>
  );
  if (!tree.children) {
    return (
      <div className={styles.file}>
        <IconFile size={14} aria-hidden />
        <span className={styles.fileName}>{tree.name}</span>
        {size}
      </div>
    );
  }
  const shown = tree.children.slice(0, MAX_CHILDREN);
  return (
    <details open={openLevels > 0} className={styles.folder}>
      <summary>
        <IconFolder size={14} aria-hidden />
        <span className={styles.fileName}>{tree.name}</span>
        {size}
      </summary>
      <div className={styles.children}>
        {shown.map((child) => (
          <Branch key={child.name} tree={child} openLevels={openLevels - 1} />
        ))}
        {tree.children.length > shown.length && (
          <p className={styles.quiet}>{text.datasets.more(tree.children.length - shown.length)}</p>
        )}
      </div>
    </details>
  );
}

export const exportView = defineView({
  id: "export",
  title: text.export.title,
  icon: IconPackageExport,
  path: "runs/:id/export",
  Component: Export,
});
