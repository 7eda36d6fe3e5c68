// Where runs are computed, what this program is, and what a report of a fault needs.
import { Button, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconSettings } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { Panel } from "../../components/panel.tsx";
import { readDiagnostics } from "../../diagnostics.ts";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { useTask } from "../../hooks/use-task.ts";
import { app } from "../../host.ts";
import type { Route } from "../../stores/route.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import { ComputeSection } from "./compute-section.tsx";
import { CopyKernelChecks, KernelChecks } from "./kernel-checks.tsx";
import styles from "./settings.module.css";
import { Storage } from "./storage.tsx";

function Settings({ route }: { readonly route: Route }) {
  useCrumbs({ label: text.settings.title });
  const about = useRemote(app);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [diagnostics, setDiagnostics] = useState<string>();
  const clipboard = useClipboard({ timeout: 2000 });
  const task = useTask();
  const read = () => task.run(async () => setDiagnostics(await readDiagnostics()));
  const copy = () => task.run(async () => clipboard.copy(await readDiagnostics()));
  // The action of that name leads here, so that the person sees what happened.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each time it was asked for.
  useEffect(() => {
    if (route.query.copy !== undefined) void copy();
  }, [route.query.copy]);

  return (
    <div className={styles.page}>
      <ComputeSection />
      <Panel title={text.settings.appearance}>
        <SegmentedControl
          aria-label={text.settings.appearance}
          data={Object.entries(text.settings.schemes).map(([value, label]) => ({ value, label }))}
          value={colorScheme}
          onChange={(value) => setColorScheme(value as typeof colorScheme)}
        />
      </Panel>
      <Storage />
      <Panel title={text.settings.diagnostics}>
        <p className={styles.quiet}>{text.settings.diagnosticsHint}</p>
        <KernelChecks />
        <div className={styles.actions}>
          <Button variant="default" loading={task.isBusy} onClick={copy}>
            {clipboard.copied ? text.copied : text.settings.copyDiagnostics}
          </Button>
          <CopyKernelChecks />
          <Button
            variant="default"
            aria-expanded={diagnostics !== undefined}
            onClick={() => (diagnostics === undefined ? read() : setDiagnostics(undefined))}
          >
            {diagnostics === undefined ? text.settings.showDiagnostics : text.settings.hideDiagnostics}
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
      <Panel title={text.settings.about}>
        <dl className={styles.facts}>
          <dt>{text.settings.version}</dt>
          <dd>{about.value?.version}</dd>
          <dt>{text.settings.host}</dt>
          <dd>{about.value && text.settings.hosts[about.value.host]}</dd>
          <dt>{text.settings.platform}</dt>
          <dd>{about.value?.platform}</dd>
          <dt>{text.settings.licence}</dt>
          <dd>{text.settings.licenceName}</dd>
        </dl>
        <p className={styles.quiet}>{text.settings.privacy}</p>
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
