// One dataset: its classes, its pictures, what the import left out, and the runs made with it.
import { Button, SegmentedControl, Select, Tabs } from "@mantine/core";
import { IconDatabase, IconDatabaseOff, IconPencil, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { ProblemTable } from "../../components/problem-table.tsx";
import { useAction } from "../../hooks/use-action.ts";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { datasets, go, runs } from "../../host.ts";
import type { Dataset } from "../../stores/dataset.ts";
import { formatCount } from "../../stores/format.ts";
import { type Route, toHash } from "../../stores/route.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import { ClassList } from "./class-list.tsx";
import { DamagedPanel } from "./damaged-dataset.tsx";
import { DatasetFacts } from "./dataset-facts.tsx";
import { DatasetRuns } from "./dataset-runs.tsx";
import { DeleteDataset } from "./delete-dataset.tsx";
import styles from "./details.module.css";
import { PictureGrid } from "./picture-grid.tsx";
import { RenameDataset } from "./rename-dataset.tsx";

function DatasetDetails({ route }: { readonly route: Route }) {
  const id = route.segments[1];
  const { value, error } = useRemote(datasets);
  const dataset = value?.datasets.find((each) => each.id === id);
  const damaged = value?.damaged.find((each) => each.id === id);
  useCrumbs({ label: text.datasets.title, href: toHash(["datasets"]) }, { label: dataset?.name ?? id });
  if (dataset) return <Details dataset={dataset} tab={route.query.tab} />;
  if (damaged || error !== undefined) {
    return (
      <div className={styles.alone}>{damaged ? <DamagedPanel dataset={damaged} /> : <ErrorPanel error={error} />}</div>
    );
  }
  if (!value) return null;
  return (
    <EmptyState icon={IconDatabaseOff} title={text.datasets.goneTitle} message={text.datasets.gone}>
      <Button component="a" href={toHash(["datasets"])}>
        {text.datasets.toAll}
      </Button>
    </EmptyState>
  );
}

function Details({ dataset, tab = "pictures" }: { readonly dataset: Dataset; readonly tab: string | undefined }) {
  const [split, setSplit] = useState<"train" | "test">("train");
  const [only, setOnly] = useState<number>();
  const [size, setSize] = useState("56");
  const [asked, setAsked] = useState<"rename" | "delete">();
  const made = useRemote(runs).value?.runs.filter(({ record }) => record.dataset.id === dataset.id) ?? [];
  const { id, classes, skipped, warnings } = dataset;
  const startRun = () => go(["new-run"], { dataset: id });
  useAction("new-run", startRun);
  const countOf = (each: "train" | "test") =>
    formatCount(classes.reduce((sum, counts, i) => sum + (only === undefined || only === i ? counts[each] : 0), 0));
  const close = () => setAsked(undefined);

  return (
    <div className={styles.page}>
      <div className={styles.side}>
        <div className={styles.actions}>
          <Button leftSection={<IconPlayerPlay size={14} />} onClick={startRun}>
            {text.datasets.newRun}
          </Button>
          <Button variant="default" leftSection={<IconPencil size={14} />} onClick={() => setAsked("rename")}>
            {text.datasets.rename}
          </Button>
          <Button variant="default" leftSection={<IconTrash size={14} />} onClick={() => setAsked("delete")}>
            {text.datasets.delete}
          </Button>
        </div>
        <DatasetFacts dataset={dataset} />
        <ClassList dataset={dataset} only={only} onChoose={setOnly} />
      </div>
      <Tabs
        className={styles.tabs}
        value={tab}
        onChange={(value) => go(["datasets", id], value === "pictures" || !value ? {} : { tab: value })}
        keepMounted={false}
      >
        <Tabs.List className={styles.tabList}>
          <Tab value="pictures" label={text.datasets.images} />
          <Tab value="left-out" label={text.datasets.skipped} count={skipped.length} />
          <Tab value="warnings" label={text.datasets.warnings} count={warnings.length} />
          <Tab value="runs" label={text.datasets.runs} count={made.length} />
        </Tabs.List>
        <Tabs.Panel value="pictures" className={styles.panel}>
          <div className={styles.tools}>
            <SegmentedControl
              aria-label={text.datasets.split}
              data={(["train", "test"] as const).map((each) => ({
                value: each,
                label: `${text.datasets.splits[each]} ${countOf(each)}`,
              }))}
              value={split}
              onChange={(value) => setSplit(value as "train" | "test")}
            />
            <Select
              aria-label={text.datasets.className}
              data={[
                { value: "", label: text.datasets.all },
                ...classes.map((each, i) => ({ value: String(i), label: each.name })),
              ]}
              value={only === undefined ? "" : String(only)}
              onChange={(value) => setOnly(value ? Number(value) : undefined)}
              allowDeselect={false}
              searchable={classes.length > 12}
              w={200}
            />
            <SegmentedControl
              className={styles.sizes}
              aria-label={text.datasets.view}
              data={Object.entries(text.datasets.sizes).map(([value, label]) => ({ value, label }))}
              value={size}
              onChange={setSize}
            />
          </div>
          <PictureGrid key={`${split}/${only}`} dataset={dataset} split={split} only={only} size={Number(size)} />
        </Tabs.Panel>
        <Tabs.Panel value="left-out" className={styles.panel}>
          <Listed isEmpty={skipped.length === 0} empty={text.datasets.nothingSkipped}>
            <ProblemTable problems={skipped} label={text.datasets.skipped} />
          </Listed>
        </Tabs.Panel>
        <Tabs.Panel value="warnings" className={styles.panel}>
          <Listed isEmpty={warnings.length === 0} empty={text.datasets.nothingOdd}>
            <ProblemTable problems={warnings} label={text.datasets.warnings} />
          </Listed>
        </Tabs.Panel>
        <Tabs.Panel value="runs" className={styles.panel}>
          <Listed isEmpty={made.length === 0} empty={text.datasets.noRuns}>
            <DatasetRuns runs={made} />
          </Listed>
        </Tabs.Panel>
      </Tabs>
      {asked === "delete" && <DeleteDataset dataset={dataset} runs={made} onClose={close} />}
      {asked === "rename" && <RenameDataset dataset={dataset} onClose={close} />}
    </div>
  );
}

interface TabProps {
  readonly value: string;
  readonly label: string;
  readonly count?: number;
}

function Tab({ value, label, count }: TabProps) {
  return (
    <Tabs.Tab value={value}>
      {label} {count !== undefined && <span className={styles.tabCount}>{formatCount(count)}</span>}
    </Tabs.Tab>
  );
}

interface ListedProps {
  readonly isEmpty: boolean;
  readonly empty: string;
  readonly children: ReactNode;
}

function Listed({ isEmpty, empty, children }: ListedProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reached by keys.
    <div className={styles.listed} tabIndex={0}>
      {isEmpty ? <p className={styles.empty}>{empty}</p> : children}
    </div>
  );
}

export const datasetView = defineView({
  id: "dataset",
  title: text.datasets.title,
  icon: IconDatabase,
  path: "datasets/:id",
  Component: DatasetDetails,
});
