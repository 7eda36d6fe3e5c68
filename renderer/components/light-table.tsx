// The light table: synthetic images, one block a class, at a whole-pixel zoom on a neutral ground.
import { useElementSize } from "@mantine/hooks";
import { memo, type PointerEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import {
  fitZoom,
  GAP,
  indexAt,
  layOut,
  measureTable,
  placeOf,
  type Sheet,
  sheetOf,
  sourceOf,
  type TableLayout,
  tableRowsInSight,
} from "../stores/light-table.ts";
import { text } from "../text.ts";
import styles from "./light-table.module.css";
import { useBitmap } from "./use-bitmap.ts";

const LABEL_WIDTH = 104;
const COLUMN_GAP = 24;
const ROW_GAP = 4;
const PADDING = 12;

export interface PlacedImage {
  readonly classIndex: number;
  readonly index: number;
}

interface LightTableProps {
  /** The preview's address; undefined until there is one. */
  readonly url: string | undefined;
  readonly classNames: readonly string[];
  readonly ipc: number;
  readonly step: number;
  /** A whole number, or "fit". */
  readonly zoom: number | "fit";
  /** Leave the class names out, where a table beside has them. */
  readonly isNarrow?: boolean;
  /** As high as its images, for a page that scrolls. */
  readonly isTall?: boolean;
  /** For such a page: the height that a fitted zoom aims at. */
  readonly fitHeight?: number;
  readonly onHover?: (image: PlacedImage | undefined) => void;
  readonly onChoose?: (image: PlacedImage) => void;
  /** The zoom that is shown, also when it is the fitting one. */
  readonly onZoom?: (zoom: number) => void;
}

export const LightTable = memo(function LightTable(props: LightTableProps) {
  const { url, classNames, ipc, step, zoom, isNarrow = false, isTall = false, fitHeight } = props;
  const { onHover, onChoose, onZoom } = props;
  const { ref, width, height } = useElementSize();
  const [scrolled, setScrolled] = useState(0);
  const picture = useBitmap(url);
  const bitmap = picture?.bitmap;
  const classes = classNames.length;
  const room = useMemo(
    () => ({
      width,
      height: isTall ? fitHeight : height,
      label: isNarrow ? 0 : LABEL_WIDTH,
      rowGap: ROW_GAP,
      columnGap: COLUMN_GAP,
    }),
    [width, height, isTall, isNarrow, fitHeight],
  );
  const [pictureWidth, pictureHeight] = [bitmap?.width ?? 0, bitmap?.height ?? 0];
  const laid = useMemo(() => {
    if (pictureWidth === 0 || room.width === 0) return undefined;
    const sheet = sheetOf({ width: pictureWidth, height: pictureHeight }, classes, ipc);
    const chosen = zoom === "fit" ? fitZoom(sheet, room, isNarrow ? 1 : 2) : zoom;
    const layout = layOut(sheet, room, chosen);
    return { sheet, layout, size: measureTable(sheet, layout, room) };
  }, [pictureWidth, pictureHeight, classes, ipc, zoom, room, isNarrow]);
  const shownZoom = laid?.layout.zoom;
  useEffect(() => {
    if (shownZoom !== undefined) onZoom?.(shownZoom);
  }, [shownZoom, onZoom]);
  useEffect(() => () => onHover?.(undefined), [onHover]);

  const rows = laid?.layout.rows ?? 0;
  const rowHeight = laid?.size.rowHeight ?? 1;
  const sight = isTall ? { first: 0, end: rows } : tableRowsInSight(scrolled, height + 2 * PADDING, rowHeight, rows, 2);
  return (
    <div
      className={styles.ground}
      data-scrolls={!isTall || undefined}
      style={{ padding: PADDING }}
      ref={ref}
      onScroll={(event) => {
        // By whole rows: what lies between changes nothing that is drawn.
        const to = Math.floor(event.currentTarget.scrollTop / rowHeight) * rowHeight;
        setScrolled(to);
      }}
    >
      {bitmap && laid && (
        <div className={styles.table} style={{ height: laid.size.height, width: laid.size.width }}>
          {classNames.map((name, classIndex) => {
            const row = classIndex % rows;
            if (row < sight.first || row >= sight.end) return null;
            const place = { top: row * rowHeight, left: Math.floor(classIndex / rows) * laid.size.columnWidth };
            return (
              <div className={styles.row} key={name} style={place} data-lines={laid.layout.lines}>
                {!isNarrow && (
                  <div className={styles.label} style={{ width: LABEL_WIDTH }} title={name}>
                    {name}
                  </div>
                )}
                <ClassBlock
                  bitmap={bitmap}
                  sheet={laid.sheet}
                  layout={laid.layout}
                  classIndex={classIndex}
                  label={text.lightTable.block(name, laid.sheet.columns, step)}
                  onHover={onHover}
                  onChoose={onChoose}
                />
              </div>
            );
          })}
        </div>
      )}
      {!picture && url === undefined && <p className={styles.wait}>{text.lightTable.none}</p>}
    </div>
  );
});

interface ClassBlockProps {
  readonly bitmap: ImageBitmap;
  readonly sheet: Sheet;
  readonly layout: TableLayout;
  readonly classIndex: number;
  readonly label: string;
  readonly onHover: LightTableProps["onHover"];
  readonly onChoose: LightTableProps["onChoose"];
}

const ClassBlock = memo(function ClassBlock(props: ClassBlockProps) {
  const { bitmap, sheet, layout, classIndex, label, onHover, onChoose } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<number>();
  const columns = Math.min(layout.perLine, sheet.columns);
  const width = columns * (sheet.width + GAP) - GAP;
  const height = layout.lines * (sheet.height + GAP) - GAP;

  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !canvas.current) return;
    // Setting a canvas's size clears it.
    canvas.current.width = width;
    canvas.current.height = height;
    for (let index = 0; index < sheet.columns; index++) {
      const from = sourceOf(sheet, classIndex, index);
      const to = placeOf(sheet, layout, index);
      context.drawImage(bitmap, from.x, from.y, sheet.width, sheet.height, to.x, to.y, sheet.width, sheet.height);
    }
  }, [bitmap, sheet, layout, classIndex, width, height]);

  const find = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return indexAt(sheet, layout, event.clientX - box.left, event.clientY - box.top);
  };
  const move = (index: number | undefined) => {
    if (index === at) return;
    setAt(index);
    onHover?.(index === undefined ? undefined : { classIndex, index });
  };
  const place = at === undefined ? undefined : placeOf(sheet, layout, at);

  const size = { width: width * layout.zoom, height: height * layout.zoom };
  const picture = <canvas ref={canvas} className={styles.canvas} style={size} />;
  const frame = place && (
    <span
      className={styles.frame}
      style={{
        left: place.x * layout.zoom,
        top: place.y * layout.zoom,
        width: sheet.width * layout.zoom,
        height: sheet.height * layout.zoom,
      }}
    />
  );
  if (!onChoose) {
    return (
      <div
        className={styles.block}
        role="img"
        aria-label={label}
        onPointerMove={(event) => move(find(event))}
        onPointerLeave={() => move(undefined)}
      >
        {picture}
        {frame}
      </div>
    );
  }
  return (
    <button
      type="button"
      className={styles.block}
      aria-label={label}
      onPointerMove={(event) => move(find(event))}
      onPointerLeave={() => move(undefined)}
      onFocus={(event) => event.currentTarget.matches(":focus-visible") && move(0)}
      onBlur={() => move(undefined)}
      onClick={() => onChoose({ classIndex, index: at ?? 0 })}
    >
      {picture}
      {frame}
    </button>
  );
});
