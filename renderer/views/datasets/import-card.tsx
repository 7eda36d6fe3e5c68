// An import that runs, has ended, or failed.
import { Button, Progress } from "@mantine/core";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { imports } from "../../host.ts";
import type { ImportJob } from "../../stores/imports.ts";
import { toHash } from "../../stores/route.ts";
import { text } from "../../text.ts";
import styles from "./datasets.module.css";

export function ImportCard({ job }: { readonly job: ImportJob }) {
  const { key, path, state, sent, progress, manifest, existing, error } = job;
  const dismiss = () => imports.dismiss(key);
  if (state === "failed") {
    return (
      <ErrorPanel error={error}>
        <Button size="compact-xs" variant="default" onClick={dismiss}>
          {text.importing.dismiss}
        </Button>
      </ErrorPanel>
    );
  }
  const counted = sent ?? progress;
  const percent = counted && counted.total > 0 ? (100 * counted.done) / counted.total : 0;
  const isActive = state === "running" || state === "waiting";
  return (
    <section className={styles.job} aria-live="polite">
      <div className={styles.jobWords}>
        <span className={styles.name}>{manifest?.name ?? path.split(/[/\\]/).filter(Boolean).at(-1) ?? path}</span>
        <span className={styles.jobState}>{describe(job)}</span>
        {progress?.type === "progress" && isActive && (
          <span className={styles.jobRate}>
            {text.importing.rate(Math.round(progress.imagesPerSecond), progress.secondsLeft)}
          </span>
        )}
        {isActive && (
          <Button size="compact-xs" variant="default" onClick={() => imports.cancel(key)}>
            {text.cancel}
          </Button>
        )}
        {state === "done" && manifest && (
          <Button size="compact-xs" component="a" href={toHash(["datasets", manifest.id])} onClick={dismiss}>
            {text.importing.open}
          </Button>
        )}
        {!isActive && (
          <Button size="compact-xs" variant="default" onClick={dismiss}>
            {text.importing.dismiss}
          </Button>
        )}
      </div>
      {isActive && <Progress size={4} value={percent} aria-label={describe(job)} />}
      {existing && <span className={styles.jobState}>{text.importing.existing(manifest?.name ?? "")}</span>}
    </section>
  );
}

function describe({ state, sent, progress, existing }: ImportJob): string {
  switch (state) {
    case "waiting":
      return text.importing.waiting;
    case "running":
      if (sent) return text.importing.sending(sent.done, sent.total);
      if (!progress) return text.loading;
      return progress.type === "scan"
        ? text.importing.scanning(progress.done, progress.total)
        : text.importing.storing(progress.done, progress.total);
    case "done":
      return existing ? "" : text.importing.done;
    case "cancelled":
      return text.importing.cancelled;
    case "failed":
      return "";
    default:
      return state satisfies never;
  }
}
