// The datasets as cards with a contact sheet each, and the imports that run now.
import { Button } from "@mantine/core";
import { IconDatabase, IconPlus } from "@tabler/icons-react";
import { useStore } from "zustand";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { commands, datasets, imports } from "../../host.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import { DatasetCard } from "./dataset-card.tsx";
import styles from "./datasets.module.css";
import { ImportCard } from "./import-card.tsx";

const openImport = () => void commands.getState().run("import-folder");

function Datasets() {
  useCrumbs({ label: text.datasets.title });
  const { value, error } = useRemote(datasets);
  const { jobs } = useStore(imports.store);
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
  if (value.datasets.length === 0 && value.damaged.length === 0 && jobs.length === 0) {
    return (
      <EmptyState icon={IconDatabase} title={text.datasets.emptyTitle} message={text.datasets.empty}>
        <Button onClick={openImport}>{text.importing.action}</Button>
      </EmptyState>
    );
  }
  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <Button leftSection={<IconPlus size={14} />} onClick={openImport}>
          {text.importing.action}
        </Button>
      </div>
      {jobs.map((job) => (
        <ImportCard key={job.key} job={job} />
      ))}
      <ul className={styles.cards}>
        {value.datasets.map((dataset) => (
          <li key={dataset.id}>
            <DatasetCard dataset={dataset} />
          </li>
        ))}
      </ul>
      {value.damaged.length > 0 && (
        <ErrorPanel
          error={{
            message: text.datasets.damaged,
            hint: value.damaged.map(({ id, reason }) => `${id}: ${reason}`).join("\n"),
          }}
        />
      )}
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
