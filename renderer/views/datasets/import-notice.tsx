// How an import ended: stored, stored before, failed, cancelled or broken off.
import { Button } from "@mantine/core";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { datasets, imports } from "../../host.ts";
import { countPictures } from "../../stores/dataset.ts";
import { type ImportJob, nameOf } from "../../stores/imports.ts";
import { toHash } from "../../stores/route.ts";
import { text } from "../../text.ts";

export function ImportNotice({ job }: { readonly job: ImportJob }) {
  const { key, state, target, manifest, existing, error } = job;
  const dismiss = () => imports.dismiss(key);
  const canRepeat = target.kind !== "upload";
  return (
    <ErrorPanel isNotice={state !== "failed"} error={state === "failed" ? error : tell(job)}>
      {state === "done" && manifest && (
        <Button size="compact-xs" component="a" href={toHash(["datasets", manifest.id])} onClick={dismiss}>
          {text.importing.open}
        </Button>
      )}
      {state !== "done" && canRepeat && (
        <Button size="compact-xs" variant="default" onClick={() => imports.again(key).then(() => datasets.refresh())}>
          {text.importing.again}
        </Button>
      )}
      <Button size="compact-xs" variant="default" onClick={dismiss}>
        {text.importing.dismiss}
      </Button>
    </ErrorPanel>
  );

  function tell(ended: ImportJob): { message: string; hint: string } {
    const name = nameOf(ended);
    const hint = canRepeat ? "" : text.importing.dropAgain;
    if (ended.state === "cancelled") return { message: text.importing.cancelled(name), hint: "" };
    if (ended.state === "interrupted") return { message: text.importing.interrupted(name), hint };
    if (existing || !manifest) return { message: text.importing.existing(name), hint: "" };
    const { classes, skipped } = manifest;
    const summary = text.datasets.summary(classes.length, countPictures(manifest));
    return {
      message: text.importing.done(name, summary),
      hint: skipped.length > 0 ? text.datasets.leftOut(skipped.length) : "",
    };
  }
}
