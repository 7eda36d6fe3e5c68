// All pictures of a split, drawn only where they are in sight, so that sixty thousand scroll like sixty.
import { useElementSize } from "@mantine/hooks";
import { useState } from "react";
import { Thumbnail } from "../../components/thumbnail.tsx";
import type { Dataset } from "../../stores/dataset.ts";
import { rowsInSight } from "../../stores/thumbnails.ts";
import { text } from "../../text.ts";
import styles from "./picture-grid.module.css";

const GAP = 2;

interface PictureGridProps {
  readonly dataset: Dataset;
  readonly split: "train" | "test";
  /** One class, by its index; all when undefined. */
  readonly only: number | undefined;
  readonly size: number;
}

export function PictureGrid({ dataset, split, only, size }: PictureGridProps) {
  const { ref, width, height } = useElementSize();
  const [scrollTop, setScrollTop] = useState(0);
  const starts: number[] = [];
  let total = 0;
  for (const each of dataset.classes) {
    starts.push(total);
    total += each[split];
  }
  const from = only === undefined ? 0 : starts[only];
  const count = only === undefined ? total : dataset.classes[only][split];
  const columns = Math.max(1, Math.floor((width + GAP) / (size + GAP)));
  const rows = Math.ceil(count / columns);
  const sight = rowsInSight(scrollTop, height, size + GAP, rows);
  const classOf = (index: number) =>
    starts.findLastIndex((start, i) => start <= index && dataset.classes[i][split] > 0);

  return (
    <section
      ref={ref}
      className={styles.scroll}
      aria-label={text.datasets.images}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reached by keys.
      tabIndex={0}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
    >
      <div className={styles.all} style={{ height: rows * (size + GAP) }}>
        {width > 0 &&
          Array.from({ length: sight.end - sight.first }, (_, i) => sight.first + i).map((row) => (
            <div key={row} className={styles.row} style={{ top: row * (size + GAP), gap: GAP }}>
              {Array.from({ length: Math.min(columns, count - row * columns) }, (_, column) => {
                const index = from + row * columns + column;
                const at = classOf(index);
                return (
                  <Thumbnail
                    key={index}
                    dataset={dataset}
                    split={split}
                    index={index}
                    size={size}
                    label={text.datasets.image(dataset.classes[at].name, index - starts[at])}
                  />
                );
              })}
            </div>
          ))}
      </div>
    </section>
  );
}
