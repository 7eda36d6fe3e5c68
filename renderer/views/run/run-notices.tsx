// What a person should know before the images: why a run failed or was interrupted, that its dataset is gone, that the
// host does not answer.
import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import type { RunRecord } from "../../../shared/api/runs.ts";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { readDiagnostics } from "../../diagnostics.ts";
import { useTask } from "../../hooks/use-task.ts";
import { go } from "../../host.ts";
import { type RunState, type RunStatus, seriesKey } from "../../stores/run-state.ts";
import type { WatchState } from "../../stores/watch-run.ts";
import { text } from "../../text.ts";

interface RunNoticesProps {
  readonly record: RunRecord | undefined;
  readonly run: RunState;
  readonly status: RunStatus;
  readonly connection: WatchState["connection"];
  readonly isDatasetGone: boolean;
  /** Of what was asked for last. */
  readonly error: unknown;
}

export function RunNotices(props: RunNoticesProps) {
  const { record, run, status, connection, isDatasetGone, error } = props;
  const failure = status === "failed" ? (run.failure ?? record?.error) : undefined;
  const leftOut = status === "failed" ? undefined : findLeftOut(run);
  const interruption = status === "stopped" ? record?.error : undefined;
  return (
    <>
      {connection === "broken" && <ErrorPanel error={{ message: text.run.broken }} isNotice />}
      {error !== undefined && (
        <ErrorPanel error={error}>
          <CopyDiagnostics record={record} />
        </ErrorPanel>
      )}
      {failure && (
        <ErrorPanel error={failure}>
          {record && (
            <Button variant="default" size="compact-xs" onClick={() => go(["new-run"], { like: record.id })}>
              {text.runs.again}
            </Button>
          )}
          <CopyDiagnostics record={record} />
        </ErrorPanel>
      )}
      {interruption && (
        <ErrorPanel error={{ ...interruption, hint: text.run.interrupted }} isNotice>
          <CopyDiagnostics record={record} />
        </ErrorPanel>
      )}
      {leftOut && <ErrorPanel error={{ message: text.run.leftOut(leftOut.skipped, leftOut.steps) }} isNotice />}
      {isDatasetGone && record && (
        <ErrorPanel error={{ message: text.run.datasetGone(record.dataset.name) }} isNotice />
      )}
    </>
  );
}

/** Fewer are the usual beginning. */
const MANY_LEFT_OUT = 10;

/** How many steps a trajectory method left out, where these are most of them. */
function findLeftOut({ series }: RunState): { skipped: number; steps: number } | undefined {
  const { steps = [], values = [] } = series[seriesKey("synthesise", "skipped")] ?? {};
  const [last, skipped] = [steps.at(-1) ?? 0, values.at(-1) ?? 0];
  return skipped >= MANY_LEFT_OUT && skipped > last / 2 ? { skipped, steps: last } : undefined;
}

export function CopyDiagnostics({ record }: { readonly record: RunRecord | undefined }) {
  const clipboard = useClipboard({ timeout: 2000 });
  const task = useTask();
  const more = record ? ["Run", JSON.stringify(record, null, 2)] : [];
  const copy = () => task.run(async () => clipboard.copy(await readDiagnostics(more)));
  return (
    <Button variant="subtle" color="gray" size="compact-xs" loading={task.isBusy} onClick={copy}>
      {clipboard.copied ? text.copied : text.run.copyDiagnostics}
    </Button>
  );
}
