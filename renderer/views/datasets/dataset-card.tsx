// One dataset at a glance.

import { Thumbnail } from "../../components/thumbnail.tsx";
import { countPictures, type Dataset } from "../../stores/dataset.ts";
import { formatWhen } from "../../stores/format.ts";
import { toHash } from "../../stores/route.ts";
import { contactIndices } from "../../stores/thumbnails.ts";
import { text } from "../../text.ts";
import styles from "./datasets.module.css";

export function DatasetCard({ dataset }: { readonly dataset: Dataset }) {
  const { id, name, classes, width, channels, skipped, createdAt } = dataset;
  const images = countPictures(dataset);
  const indices = contactIndices(
    classes.map(({ train }) => train),
    9,
  );
  return (
    <a className={styles.card} href={toHash(["datasets", id])}>
      <span className={styles.contact} role="img" aria-label={text.datasets.contact(name)}>
        {indices.map((index) => (
          <Thumbnail key={index} dataset={dataset} split="train" index={index} size={56} />
        ))}
      </span>
      <span className={styles.words}>
        <span className={styles.name}>{name}</span>
        <span>{text.datasets.summary(classes.length, images)}</span>
        <span>{text.datasets.shape(width, channels)}</span>
        <span className={styles.last}>
          {skipped.length > 0 && <span className={styles.leftOut}>{text.datasets.leftOut(skipped.length)}</span>}
          <span>{text.datasets.importedAt(formatWhen(createdAt))}</span>
        </span>
      </span>
    </a>
  );
}
