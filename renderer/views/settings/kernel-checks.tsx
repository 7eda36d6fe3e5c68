// What the check of each adapter's kernels found, and its report to copy.
import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import {
  type AdapterFile,
  describeUnfinished,
  printCheck,
  summariseCheck,
  type UnfinishedCheck,
} from "../../../shared/api/adapter-notes.ts";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { useRemote } from "../../hooks/use-remote.ts";
import { useTask } from "../../hooks/use-task.ts";
import { adapterNotes, client } from "../../host.ts";
import { text } from "../../text.ts";
import styles from "./settings.module.css";

const useChecked = (): readonly AdapterFile[] =>
  useRemote(adapterNotes).value?.adapters.filter(({ check }) => check !== undefined) ?? [];

export function KernelChecks() {
  const adapters = useChecked();
  const unfinished = useRemote(adapterNotes).value?.unfinished ?? [];
  if (adapters.length + unfinished.length === 0) return <p className={styles.quiet}>{text.settings.notChecked}</p>;
  return (
    <>
      {adapters.map(({ place, name, driver, check }) => (
        <p key={`${place} ${name} ${driver}`}>
          {text.settings.checkedIn[place]}: {check && summariseCheck(check)}
        </p>
      ))}
      {unfinished.map((each) => (
        <Unfinished key={`${each.place} ${each.name} ${each.driver}`} check={each} />
      ))}
    </>
  );
}

/** A check that crashed; or one that another window is at now. */
function Unfinished({ check }: { readonly check: UnfinishedCheck }) {
  const { place, name, driver } = check;
  const { run, isBusy, error } = useTask();
  const allow = async () => {
    await client.compute.markCheck({ place, name, driver }, false);
    await adapterNotes.refresh();
  };
  return (
    <>
      <p>
        {text.settings.checkedIn[place]}: {describeUnfinished(check)} {text.settings.notUsed}
      </p>
      <Button variant="default" loading={isBusy} onClick={() => run(allow)}>
        {text.settings.checkAgain}
      </Button>
      {error ? <ErrorPanel error={error} /> : null}
    </>
  );
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
