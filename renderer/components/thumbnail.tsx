// One picture of a dataset, cut from its sheet.
import type { CSSProperties } from "react";
import { client } from "../host.ts";
import { type SheetFile, thumbnailAt } from "../stores/thumbnails.ts";
import styles from "./thumbnail.module.css";

interface WithSheets {
  readonly id: string;
  readonly sheets: readonly SheetFile[];
}

interface ThumbnailProps {
  readonly dataset: WithSheets;
  readonly split: "train" | "test";
  readonly index: number;
  readonly size: number;
  readonly label?: string;
}

export function Thumbnail({ dataset, split, index, size, label }: ThumbnailProps) {
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: the role is there whenever the label is.
    <span
      className={styles.thumbnail}
      role={label ? "img" : undefined}
      aria-label={label}
      title={label}
      style={thumbnailStyle(dataset, split, index, size)}
    />
  );
}

function thumbnailStyle(dataset: WithSheets, split: "train" | "test", index: number, size: number): CSSProperties {
  const at = thumbnailAt(dataset.sheets, split, index);
  if (!at) return { width: size, height: size };
  return {
    width: size,
    height: size,
    backgroundImage: `url("${client.datasets.sheetUrl(dataset.id, at.file)}")`,
    backgroundSize: `${at.columns * size}px ${at.rows * size}px`,
    backgroundPosition: `${-at.column * size}px ${-at.row * size}px`,
    ...(at.side < size && { imageRendering: "pixelated" }),
  };
}
