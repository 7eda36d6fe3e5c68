// One dataset: its classes, its pictures, and what the import left out.
import { Button, Modal, SegmentedControl, Select, TextInput } from "@mantine/core";
import { IconDatabase, IconPencil, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { Confirm } from "../../components/confirm.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { Panel } from "../../components/panel.tsx";
import { useAction } from "../../hooks/use-action.ts";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { useTask } from "../../hooks/use-task.ts";
import { client, datasets, go } from "../../host.ts";
import { countPictures, type Dataset } from "../../stores/dataset.ts";
import { formatBytes, formatCount, formatWhen } from "../../stores/format.ts";
import { type Route, toHash } from "../../stores/route.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import styles from "./details.module.css";
import { PictureGrid } from "./picture-grid.tsx";

const MAX_LISTED = 200;

function DatasetDetails({ route }: { readonly route: Route }) {
  const id = route.segments[1];
  const { value, error } = useRemote(datasets);
  const dataset = value?.datasets.find((each) => each.id === id);
  useCrumbs({ label: text.datasets.title, href: toHash(["datasets"]) }, { label: dataset?.name ?? "" });
  if (dataset) return <Details dataset={dataset} />;
  if (error !== undefined) {
    return (
      <div className={styles.alone}>
        <ErrorPanel error={error} />
      </div>
    );
  }
  return value ? <EmptyState icon={IconDatabase} title={text.notFound.title} message={text.notFound.message} /> : null;
}

function Details({ dataset }: { readonly dataset: Dataset }) {
  const [split, setSplit] = useState<"train" | "test">("train");
  const [only, setOnly] = useState<number>();
  const [size, setSize] = useState("56");
  const [asked, setAsked] = useState<"rename" | "delete">();
  const { id, name, classes } = dataset;
  const startRun = () => go(["new-run"], { dataset: id });
  useAction("new-run", startRun);
  const problems = [
    { title: text.datasets.skipped, list: dataset.skipped },
    { title: text.datasets.warnings, list: dataset.warnings },
  ].filter(({ list }) => list.length > 0);
  const images = countPictures(dataset);

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
        <Facts dataset={dataset} images={images} />
        <Classes dataset={dataset} only={only} onChoose={setOnly} />
      </div>
      <div className={styles.rest}>
        <Panel
          title={text.datasets.images}
          fill
          flush
          tools={
            <>
              <Select
                aria-label={text.datasets.className}
                data={[
                  { value: "", label: text.datasets.all },
                  ...classes.map((each, i) => ({ value: String(i), label: each.name })),
                ]}
                value={only === undefined ? "" : String(only)}
                onChange={(value) => setOnly(value ? Number(value) : undefined)}
                allowDeselect={false}
                w={180}
              />
              <SegmentedControl
                aria-label={text.datasets.split}
                data={[
                  { value: "train", label: text.datasets.splits.train },
                  { value: "test", label: text.datasets.splits.test },
                ]}
                value={split}
                onChange={(value) => setSplit(value as "train" | "test")}
              />
              <SegmentedControl
                aria-label={text.datasets.view}
                data={[
                  { value: "28", label: "S" },
                  { value: "56", label: "M" },
                  { value: "112", label: "L" },
                ]}
                value={size}
                onChange={setSize}
              />
            </>
          }
        >
          <PictureGrid key={`${split}/${only}`} dataset={dataset} split={split} only={only} size={Number(size)} />
        </Panel>
        {problems.map(({ title, list }) => (
          <Panel key={title} title={`${title}: ${formatCount(list.length)}`} flush>
            <div className={styles.problems}>
              <table className={styles.table}>
                <thead>
                  <tr>
                    <th scope="col">{text.datasets.file}</th>
                    <th scope="col">{text.datasets.reason}</th>
                  </tr>
                </thead>
                <tbody>
                  {[...list]
                    .sort((a, b) => a.reason.localeCompare(b.reason))
                    .slice(0, MAX_LISTED)
                    .map(({ path, reason }) => (
                      <tr key={`${path}${reason}`}>
                        <td>{path}</td>
                        <td>{reason}</td>
                      </tr>
                    ))}
                </tbody>
              </table>
              {list.length > MAX_LISTED && <p>{text.datasets.more(list.length - MAX_LISTED)}</p>}
            </div>
          </Panel>
        ))}
      </div>
      {asked === "delete" && (
        <Confirm
          title={text.datasets.deleteTitle(name)}
          message={text.datasets.deleteMessage(formatBytes(images * dataset.width * dataset.height * dataset.channels))}
          action={text.delete}
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            await client.datasets.delete(id);
            await datasets.refresh();
            go(["datasets"]);
          }}
        />
      )}
      {asked === "rename" && <Rename dataset={dataset} onClose={() => setAsked(undefined)} />}
    </div>
  );
}

function Facts({ dataset, images }: { readonly dataset: Dataset; readonly images: number }) {
  const { classes, width, channels, mean, std, split, source, createdAt, notes, fingerprint } = dataset;
  const three = (values: readonly number[]) => values.map((value) => value.toFixed(3)).join(", ");
  const rows: [string, string][] = [
    [text.datasets.images, text.datasets.summary(classes.length, images)],
    [text.datasets.sizeFact, text.datasets.shape(width, channels)],
    [text.datasets.mean, three(mean)],
    [text.datasets.std, three(std)],
    [
      text.datasets.splitFact,
      split.kind === "folders" ? text.datasets.folders : text.datasets.stratified(split.testFraction, split.seed),
    ],
    [text.datasets.source, source.path],
    [text.datasets.imported, formatWhen(createdAt)],
    [text.datasets.fingerprint, fingerprint.slice(0, 16)],
    ...(notes.length > 0 ? ([[text.datasets.notes, notes.join(" ")]] as [string, string][]) : []),
    ...(dataset.skipped.length === 0
      ? ([[text.datasets.skipped, text.datasets.nothingSkipped]] as [string, string][])
      : []),
  ];
  return (
    <Panel title={text.datasets.facts}>
      <dl className={styles.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

interface ClassesProps {
  readonly dataset: Dataset;
  readonly only: number | undefined;
  readonly onChoose: (index: number | undefined) => void;
}

function Classes({ dataset: { classes }, only, onChoose }: ClassesProps) {
  const most = Math.max(...classes.map(({ train, test }) => train + test));
  return (
    <Panel title={text.datasets.classes}>
      <ul className={styles.classes}>
        {classes.map(({ name, train, test }, index) => (
          <li key={name}>
            <button
              type="button"
              className={styles.class}
              aria-pressed={only === index}
              title={text.datasets.countsOf(train, test)}
              onClick={() => onChoose(only === index ? undefined : index)}
            >
              <span className={styles.className}>{name}</span>
              <span className={styles.bar}>
                <span style={{ width: `${(100 * train) / most}%` }} />
                <span className={styles.test} style={{ width: `${(100 * test) / most}%` }} />
              </span>
              <span className={styles.count}>{formatCount(train + test)}</span>
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Rename({ dataset, onClose }: { readonly dataset: Dataset; readonly onClose: () => void }) {
  const [name, setName] = useState(dataset.name);
  const task = useTask();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    task.run(async () => {
      await client.datasets.rename(dataset.id, name.trim());
      await datasets.refresh();
      onClose();
    });
  };
  return (
    <Modal opened onClose={onClose} title={text.datasets.renameTitle} closeButtonProps={{ "aria-label": text.close }}>
      <form className={styles.form} onSubmit={submit}>
        <TextInput
          label={text.importing.name}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
          maxLength={200}
        />
        {task.error !== undefined && <ErrorPanel error={task.error} />}
        <div className={styles.end}>
          <Button variant="default" onClick={onClose}>
            {text.cancel}
          </Button>
          <Button type="submit" loading={task.isBusy} disabled={name.trim() === ""}>
            {text.datasets.rename}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

export const datasetView = defineView({
  id: "dataset",
  title: text.datasets.title,
  icon: IconDatabase,
  path: "datasets/:id",
  Component: DatasetDetails,
});
