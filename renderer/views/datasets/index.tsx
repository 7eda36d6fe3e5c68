// The datasets as cards with a contact sheet each, and the imports that run now or have ended.
import { Button } from "@mantine/core";
import { IconDatabase, IconPlus } from "@tabler/icons-react";
import { useStore } from "zustand";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { app, datasets, importSample, imports } from "../../host.ts";
import { isActive } from "../../stores/imports.ts";
import { text } from "../../text.ts";
import { offerImport } from "../../ui.ts";
import { defineView } from "../view.ts";
import { DamagedPanel } from "./damaged-dataset.tsx";
import { DatasetCard } from "./dataset-card.tsx";
import styles from "./datasets.module.css";
import { ImportCard } from "./import-card.tsx";
import { ImportNotice } from "./import-notice.tsx";

function Datasets() {
  useCrumbs({ label: text.datasets.title });
  const { value, error } = useRemote(datasets);
  const { jobs } = useStore(imports.store);
  const hasSample = useStore(app.store).value?.hasSample ?? false;
  if (error !== undefined && !value) {
    return (
      <div className={styles.page}>
        <ErrorPanel error={error}>
          <Button size="compact-xs" variant="default" onClick={datasets.refresh}>
            {text.retry}
          </Button>
        </ErrorPanel>
      </div>
    );
  }
  if (!value) return null;
  const isEmpty = value.datasets.length === 0 && value.damaged.length === 0;
  const running = jobs.filter(isActive);
  const ended = jobs.filter((job) => !isActive(job));
  const notices = ended.length > 0 && (
    <div className={styles.notices}>
      {ended.map((job) => (
        <ImportNotice key={job.key} job={job} />
      ))}
    </div>
  );
  if (isEmpty && running.length === 0) {
    return (
      <div className={styles.page} data-empty>
        {notices}
        <EmptyState icon={IconDatabase} title={text.datasets.emptyTitle} message={text.datasets.empty}>
          {hasSample && <Button onClick={importSample}>{text.importing.sample}</Button>}
          <Button variant={hasSample ? "default" : "filled"} onClick={() => offerImport()}>
            {text.importing.action}
          </Button>
          {hasSample && <p className={styles.aboutSample}>{text.datasets.aboutSample}</p>}
        </EmptyState>
      </div>
    );
  }
  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <Button leftSection={<IconPlus size={14} />} onClick={() => offerImport()}>
          {text.importing.action}
        </Button>
      </div>
      {notices}
      {error !== undefined && <ErrorPanel error={error} />}
      <ul className={styles.cards}>
        {running.map((job) => (
          <li key={`import ${job.key}`}>
            <ImportCard job={job} />
          </li>
        ))}
        {value.datasets.map((dataset) => (
          <li key={dataset.id}>
            <DatasetCard dataset={dataset} />
          </li>
        ))}
      </ul>
      {value.damaged.map((dataset) => (
        <DamagedPanel key={dataset.id} dataset={dataset} />
      ))}
    </div>
  );
}

export const datasetsView = defineView({
  id: "datasets",
  title: text.datasets.title,
  icon: IconDatabase,
  path: "datasets",
  shortcut: "datasets",
  isInRail: true,
  Component: Datasets,
});
