// All pictures of a split by class, drawn only where they are in sight, so that sixty thousand scroll like sixty.
import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, type MouseEvent, memo, useEffect, useId, useMemo, useRef, useState } from "react";
import { thumbnailStyle } from "../../components/thumbnail.tsx";
import type { Dataset } from "../../stores/dataset.ts";
import {
  type GridMove,
  type GridRow,
  layOutGrid,
  movePicture,
  placeOfPicture,
  rowsInSight,
} from "../../stores/picture-grid.ts";
import { text } from "../../text.ts";
import { PictureDetail } from "./picture-detail.tsx";
import styles from "./picture-grid.module.css";

const GAP = 2;
const HEADING = 28;

interface PictureGridProps {
  readonly dataset: Dataset;
  readonly split: "train" | "test";
  /** One class, by its index; all when undefined. */
  readonly only: number | undefined;
  readonly size: number;
}

const moves: Readonly<Record<string, GridMove>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  PageUp: "pageUp",
  PageDown: "pageDown",
  Home: "first",
  End: "last",
};

export function PictureGrid({ dataset, split, only, size }: PictureGridProps) {
  const { ref, width, height } = useElementSize<HTMLDivElement>();
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const [scrollTop, setScrollTop] = useState(0);
  const [chosen, setChosen] = useState<number>();
  const [opened, setOpened] = useState<number>();
  const { classes } = dataset;
  const layout = useMemo(() => {
    const counts = classes.map((each) => each[split]);
    return layOutGrid(counts, { width, side: size, gap: GAP, heading: HEADING }, only);
  }, [classes, split, width, size, only]);
  const rows = rowsInSight(layout, scrollTop, height);

  const reveal = (index: number) => {
    setChosen(index);
    const place = placeOfPicture(layout, index);
    const element = scroller.current;
    if (!place || !element) return;
    const above = place.row === 0 ? HEADING : 0;
    if (place.top - above < element.scrollTop) element.scrollTop = place.top - above;
    else if (place.top + size > element.scrollTop + element.clientHeight) {
      element.scrollTop = place.top + size - element.clientHeight;
    }
  };
  const press = (event: KeyboardEvent) => {
    const move = moves[event.key];
    const page = Math.max(1, Math.floor(height / layout.pitch) - 1);
    if (move) reveal(chosen === undefined ? (layout.sections[0]?.from ?? 0) : movePicture(layout, chosen, move, page));
    else if ((event.key === "Enter" || event.key === " ") && chosen !== undefined) setOpened(chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const click = (event: MouseEvent) => {
    const index = (event.target as HTMLElement).closest<HTMLElement>("[data-index]")?.dataset.index;
    if (index === undefined) return;
    setChosen(Number(index));
    setOpened(Number(index));
  };
  // What is wanted of the frame that is drawn next, not of each event before it.
  const frame = useRef(0);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  const scroll = () => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => setScrollTop(scroller.current?.scrollTop ?? 0));
  };

  return (
    <>
      <div
        ref={scroller}
        className={styles.scroll}
        role="listbox"
        aria-label={text.datasets.grid}
        aria-activedescendant={chosen === undefined ? undefined : `${id}-${chosen}`}
        tabIndex={0}
        onScroll={scroll}
        onKeyDown={press}
        onClick={click}
      >
        {layout.total === 0 && <p className={styles.none}>{text.datasets.noPictures[split]}</p>}
        <div ref={ref} className={styles.all} role="presentation" style={{ height: layout.height }}>
          {width > 0 &&
            rows.map((row) =>
              row.from === undefined ? (
                <div key={row.key} className={styles.heading} role="presentation" style={{ top: row.top }}>
                  {text.datasets.sectionOf(classes[row.classIndex].name, row.count)}
                </div>
              ) : (
                <Row
                  key={row.key}
                  id={id}
                  dataset={dataset}
                  split={split}
                  size={size}
                  top={row.top}
                  from={row.from}
                  count={row.count}
                  classIndex={row.classIndex}
                  total={layout.total}
                  chosen={chosen !== undefined && isIn(row, chosen) ? chosen : undefined}
                />
              ),
            )}
        </div>
      </div>
      {opened !== undefined && (
        <PictureDetail
          dataset={dataset}
          split={split}
          index={opened}
          onMove={(move) => {
            const next = movePicture(layout, opened, move, 1);
            reveal(next);
            setOpened(next);
          }}
          onClose={() => setOpened(undefined)}
        />
      )}
    </>
  );
}

const isIn = ({ from, count }: GridRow, index: number) => from !== undefined && from <= index && index < from + count;

interface RowProps {
  readonly id: string;
  readonly dataset: Dataset;
  readonly split: "train" | "test";
  readonly size: number;
  readonly top: number;
  readonly from: number;
  readonly count: number;
  readonly classIndex: number;
  readonly total: number;
  readonly chosen: number | undefined;
}

const Row = memo(function Row({ id, dataset, split, size, top, from, count, classIndex, total, chosen }: RowProps) {
  const { classes } = dataset;
  let start = 0;
  for (let i = 0; i < classIndex; i++) start += classes[i][split];
  return (
    <div className={styles.row} role="presentation" style={{ top, gap: GAP }}>
      {Array.from({ length: count }, (_, column) => from + column).map((index) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names the chosen option.
        <div
          key={index}
          id={`${id}-${index}`}
          className={styles.picture}
          role="option"
          aria-selected={index === chosen}
          aria-label={text.datasets.image(classes[classIndex].name, index - start)}
          aria-setsize={total}
          data-index={index}
          style={thumbnailStyle(dataset, split, index, size)}
        />
      ))}
    </div>
  );
});
