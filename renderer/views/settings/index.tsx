// Where runs are computed, what this program is, and what a report of a fault needs.
import { Button, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconSettings } from "@tabler/icons-react";
import { useState } from "react";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { Panel } from "../../components/panel.tsx";
import { useAction } from "../../hooks/use-action.ts";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { useTask } from "../../hooks/use-task.ts";
import { adapters, app, client } from "../../host.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import styles from "./settings.module.css";

function Settings() {
  useCrumbs({ label: text.settings.title });
  const about = useRemote(app);
  const known = useRemote(adapters);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [diagnostics, setDiagnostics] = useState<string>();
  const clipboard = useClipboard({ timeout: 2000 });
  const task = useTask();
  const read = () => task.run(async () => setDiagnostics(await client.diagnostics()));
  const copy = () => task.run(async () => clipboard.copy(await client.diagnostics()));
  useAction("copy-diagnostics", copy);

  const rows = known.value && [
    ...known.value.adapters.map((each) => ({
      key: String(each.index),
      name: each.name || each.description,
      note: [each.backendType, each.software ? text.settings.software : ""].filter(Boolean).join(", "),
      peak:
        each.gflops === undefined
          ? text.settings.notMeasured
          : text.settings.peak(each.gflops, each.gigabytesPerSecond),
      isAuto: known.value?.auto === "webgpu" && !each.software,
    })),
    {
      key: "cpu",
      name: text.settings.cpu(known.value.cpu.model, known.value.cpu.threads),
      note: known.value.cpu.runtime ?? known.value.cpu.problem?.message ?? "",
      peak: "",
      isAuto: known.value.auto === "onnx",
    },
  ];

  return (
    <div className={styles.page}>
      <Panel title={text.settings.adapters} flush>
        {known.error !== undefined && (
          <div className={styles.pad}>
            <ErrorPanel error={known.error} />
          </div>
        )}
        {!known.value && known.error === undefined && <p className={styles.pad}>{text.loading}</p>}
        {rows && (
          <table className={styles.table}>
            <tbody>
              {rows.map(({ key, name, note, peak, isAuto }) => (
                <tr key={key}>
                  <th scope="row">{name}</th>
                  <td>{note}</td>
                  <td>{peak}</td>
                  <td className={styles.auto}>{isAuto ? text.settings.auto : ""}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {known.value?.problem && (
          <div className={styles.pad}>
            <ErrorPanel error={known.value.problem} isNotice />
          </div>
        )}
      </Panel>
      <Panel title={text.settings.appearance}>
        <SegmentedControl
          aria-label={text.settings.appearance}
          data={Object.entries(text.settings.schemes).map(([value, label]) => ({ value, label }))}
          value={colorScheme}
          onChange={(value) => setColorScheme(value as typeof colorScheme)}
        />
      </Panel>
      <Panel title={text.settings.about}>
        <dl className={styles.facts}>
          <dt>{text.settings.version}</dt>
          <dd>{about.value?.version}</dd>
          <dt>{text.settings.host}</dt>
          <dd>{about.value && text.settings.hosts[about.value.host]}</dd>
          <dt>{text.settings.platform}</dt>
          <dd>{about.value?.platform}</dd>
          <dt>{text.settings.store}</dt>
          <dd>{about.value?.storePath}</dd>
        </dl>
        <p className={styles.quiet}>{text.settings.privacy}</p>
      </Panel>
      <Panel title={text.settings.diagnostics}>
        <p className={styles.quiet}>{text.settings.diagnosticsHint}</p>
        <div className={styles.actions}>
          <Button variant="default" loading={task.isBusy} onClick={copy}>
            {clipboard.copied ? text.copied : text.settings.copyDiagnostics}
          </Button>
          <Button variant="default" onClick={read}>
            {text.settings.showDiagnostics}
          </Button>
        </div>
        {task.error !== undefined && <ErrorPanel error={task.error} />}
        {diagnostics !== undefined && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reached by keys.
          <pre className={styles.text} tabIndex={0}>
            {diagnostics}
          </pre>
        )}
      </Panel>
    </div>
  );
}

export const settingsView = defineView({
  id: "settings",
  title: text.settings.title,
  icon: IconSettings,
  path: "settings",
  shortcut: "settings",
  isInRail: true,
  Component: Settings,
});
