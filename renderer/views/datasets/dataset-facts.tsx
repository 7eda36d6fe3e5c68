// What is known of a dataset, as the import found or decided it.
import { Panel } from "../../components/panel.tsx";
import { countPictures, type Dataset } from "../../stores/dataset.ts";
import { formatWhen } from "../../stores/format.ts";
import { text } from "../../text.ts";
import styles from "./dataset-facts.module.css";

const three = (values: readonly number[]) => values.map((value) => value.toFixed(3)).join(", ");

export function DatasetFacts({ dataset }: { readonly dataset: Dataset }) {
  const { classes, width, channels, mean, std, split, source, options, createdAt, notes, fingerprint } = dataset;
  const rows: [string, string][] = [
    [text.datasets.images, text.datasets.summary(classes.length, countPictures(dataset))],
    [text.datasets.sizeFact, text.datasets.shape(width, channels)],
    [text.datasets.fitFact, text.importing.fits[options.fit]],
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
