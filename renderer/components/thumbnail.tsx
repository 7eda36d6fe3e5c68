// One picture of a dataset, cut from its sheet.
import { client } from "../host.ts";
import { type SheetFile, thumbnailAt } from "../stores/thumbnails.ts";
import styles from "./thumbnail.module.css";

interface ThumbnailProps {
  readonly dataset: { readonly id: string; readonly sheets: readonly SheetFile[] };
  readonly split: "train" | "test";
  readonly index: number;
  readonly size: number;
  readonly label?: string;
}

export function Thumbnail({ dataset, split, index, size, label }: ThumbnailProps) {
  const at = thumbnailAt(dataset.sheets, split, index);
  if (!at) return <span className={styles.thumbnail} style={{ width: size, height: size }} />;
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: the role is there whenever the label is.
    <span
      className={styles.thumbnail}
      data-pixels={at.side < size || undefined}
      role={label ? "img" : undefined}
      aria-label={label}
      title={label}
      style={{
        width: size,
        height: size,
        backgroundImage: `url("${client.datasets.sheetUrl(dataset.id, at.file)}")`,
        backgroundSize: `${at.columns * size}px ${at.rows * size}px`,
        backgroundPosition: `${-at.column * size}px ${-at.row * size}px`,
      }}
    />
  );
}
