// What the run will cost here, measured before it starts, and the start itself.
import { Button, Checkbox, TextInput } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useId, useState } from "react";
import type { EstimateAnswer } from "../../../shared/api/compute.ts";
import { ComputeOn } from "../../components/compute-on.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { MemoryLimit } from "../../components/memory-limit.tsx";
import { Panel } from "../../components/panel.tsx";
import { ProgressRing } from "../../components/progress-ring.tsx";
import { useRemote } from "../../hooks/use-remote.ts";
import { useTask } from "../../hooks/use-task.ts";
import { app, client, go, refreshRuns, runner } from "../../host.ts";
import type { Dataset } from "../../stores/dataset.ts";
import { formatBytes, formatDuration, formatValue } from "../../stores/format.ts";
import { canStart, isRefused, type NewRun, type NewRunState } from "../../stores/new-run.ts";
import { labelOf } from "../../stores/recipe-fields.ts";
import { readPath } from "../../stores/tree.ts";
import { text } from "../../text.ts";
import styles from "./new-run.module.css";

interface CostPanelProps {
  readonly form: NewRun;
  readonly state: NewRunState;
  readonly dataset: Dataset | undefined;
  /** Whether the dataset has images to test with. */
  readonly isTestable: boolean;
}

export function CostPanel({ form, state, dataset, isTestable }: CostPanelProps) {
  const { resolved, problems, error, estimate, isMeasuring, estimateError } = state;
  const about = useRemote(app).value;
  const [typed, setTyped] = useState<string>();
  const task = useTask();
  const clipboard = useClipboard({ timeout: 2000 });
  const reason = useId();
  const usualName = (recipe: NewRunState["resolved"]) =>
    text.newRun.defaultName(dataset?.name ?? "", recipe?.recipe.method.id ?? "", String(recipe?.recipe.ipc ?? ""));
  const name = typed ?? usualName(resolved);

  const start = () =>
    task.run(async () => {
      const settled = await form.settle();
      const { resolved, evaluate } = settled;
      if (!resolved || !dataset || !canStart(settled)) return;
      const { recipe } = resolved;
      const { record } = await client.runs.create({
        name: typed?.trim() || usualName(resolved),
        recipe,
        seed: recipe.seed,
        dataset: { id: dataset.id, name: dataset.name, fingerprint: dataset.fingerprint },
        app: { version: about?.version ?? "" },
        backend: estimate?.backend ?? "auto",
        adapter: estimate?.adapter ?? "",
        evaluate,
      });
      form.dispose();
      try {
        await runner.start(record.id);
      } catch (failure) {
        // Nothing was computed: a second try makes a run of its own.
        await client.runs.delete(record.id).catch(() => {});
        throw failure;
      }
      await refreshRuns();
      go(["runs", record.id]);
    });

  const { prepareSeconds = 0, artifactBytes = 0 } = estimate?.estimate ?? {};
  const rows: [string, string][] = estimate
    ? [
        ...(prepareSeconds > 0 ? [[text.newRun.preparing, formatDuration(prepareSeconds)] as [string, string]] : []),
        [text.newRun.distilling, formatDuration(estimate.estimate.synthesiseSeconds)],
        [text.newRun.perStep, `${formatValue(1000 * estimate.estimate.secondsPerStep)} ms`],
        [text.newRun.evaluating, formatDuration(estimate.estimate.evaluateSeconds)],
        [text.newRun.memory(estimate.isMemoryPlanned), sayMemory(estimate)],
        [text.newRun.disk, formatBytes(estimate.estimate.diskBytes + artifactBytes)],
        [text.newRun.computes, estimate.adapter],
      ]
    : [];
  // Baselines of real images hold fewer of a class than there are synthetic ones.
  const ipc = Number(readPath(resolved?.recipe, "ipc") ?? 0);
  const [least] = [...(dataset?.classes ?? [])].sort((a, b) => a.train - b.train);
  const smallest = state.evaluate && least && least.train < ipc ? least : undefined;
  const json = JSON.stringify(resolved?.recipe, null, 2);

  return (
    <div className={styles.aside}>
      <Panel
        title={text.newRun.estimate}
        tools={isMeasuring && <ProgressRing fraction={undefined} label={text.newRun.measuring} size={16} />}
      >
        <ComputeOn leadsToSettings onChange={() => void form.choose({})} />
        <MemoryLimit onChange={() => void form.choose({})} />
        <div className={styles.cost} data-old={isMeasuring || undefined}>
          <p className={styles.total}>
            {estimate ? text.newRun.about(estimate.estimate.totalSeconds) : isMeasuring ? text.newRun.measuring : "–"}
          </p>
          <dl className={styles.facts}>
            {rows.map(([label, value]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </div>
        {estimateError !== undefined && (
          <div id={reason}>
            <ErrorPanel error={estimateError} />
          </div>
        )}
        {error !== undefined && <ErrorPanel error={error} />}
        <Checkbox
          className={styles.evaluate}
          label={text.newRun.evaluate}
          description={isTestable ? text.newRun.evaluateHint : text.newRun.notTestable}
          checked={state.evaluate}
          disabled={!isTestable}
          onChange={(event) => void form.choose({ evaluate: event.currentTarget.checked })}
        />
        {smallest && <p className={styles.remark}>{text.newRun.smallClass(smallest.name, smallest.train)}</p>}
        <TextInput
          label={text.newRun.name}
          value={name}
          onChange={(event) => setTyped(event.currentTarget.value)}
          maxLength={120}
        />
        {problems.size > 0 && (
          <div className={styles.problem}>
            <p>{text.newRun.fix(problems.size)}</p>
            <ul className={styles.problemList}>
              {[...problems].map(([path, message]) => (
                <li key={path}>{path ? text.newRun.problem(labelOf(path), message) : message}</li>
              ))}
            </ul>
          </div>
        )}
        {task.error !== undefined && <ErrorPanel error={task.error} />}
        <Button
          fullWidth
          className={styles.start}
          size="sm"
          leftSection={<IconPlayerPlay size={16} />}
          disabled={!canStart(state)}
          aria-describedby={isRefused(state) ? reason : undefined}
          loading={task.isBusy}
          onClick={start}
        >
          {text.newRun.startRun}
        </Button>
      </Panel>
      {json && (
        <Panel
          title={text.newRun.json}
          fill
          tools={
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => clipboard.copy(json)}>
              {clipboard.copied ? text.copied : text.newRun.copyJson}
            </Button>
          }
        >
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reached by keys. */}
          <pre className={styles.json} tabIndex={0}>
            {json}
          </pre>
        </Panel>
      )}
    </div>
  );
}

function sayMemory({ memoryBytes, imagesAtOnce }: EstimateAnswer): string {
  if (memoryBytes === undefined) return "–";
  const pieces = imagesAtOnce === undefined ? [] : [text.newRun.inPieces(imagesAtOnce)];
  return [formatBytes(memoryBytes), ...pieces].join(", ");
}
