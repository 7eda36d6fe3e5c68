// What the check of each adapter's kernels found, and its report to copy.
import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { type AdapterFile, printCheck, summariseCheck } from "../../../shared/api/adapter-notes.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { adapterNotes } from "../../host.ts";
import { text } from "../../text.ts";
import styles from "./settings.module.css";

const useChecked = (): readonly AdapterFile[] =>
  useRemote(adapterNotes).value?.adapters.filter(({ check }) => check !== undefined) ?? [];

export function KernelChecks() {
  const adapters = useChecked();
  if (adapters.length === 0) return <p className={styles.quiet}>{text.settings.notChecked}</p>;
  return adapters.map(({ place, name, driver, check }) => (
    <p key={`${place} ${name} ${driver}`}>
      {text.settings.checkedIn[place]}: {check && summariseCheck(check)}
    </p>
  ));
}

export function CopyKernelChecks() {
  const adapters = useChecked();
  const clipboard = useClipboard({ timeout: 2000 });
  const report = adapters.flatMap(({ place, driver, checkedAt, app, check }) =>
    check ? [[`Stillroom ${app}, ${place}, ${checkedAt}, ${driver}`, printCheck(check)].join("\n")] : [],
  );
  if (report.length === 0) return null;
  return (
    <Button variant="default" onClick={() => clipboard.copy(`${report.join("\n\n")}\n`)}>
      {clipboard.copied ? text.copied : text.settings.copyChecks}
    </Button>
  );
}
