// The light table: synthetic images, one block a class, at a whole-pixel zoom on a neutral ground.
import { useElementSize } from "@mantine/hooks";
import { type PointerEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import {
  fitZoom,
  GAP,
  indexAt,
  layOut,
  placeOf,
  type Sheet,
  sheetOf,
  sourceOf,
  type TableLayout,
} from "../stores/light-table.ts";
import { text } from "../text.ts";
import styles from "./light-table.module.css";
import { useBitmap } from "./use-bitmap.ts";

const LABEL_WIDTH = 104;
const COLUMN_GAP = 24;
const ROW_GAP = 6;
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
}

export function LightTable(props: LightTableProps) {
  const { url, classNames, ipc, step, zoom, isNarrow = false, isTall = false, fitHeight, onHover, onChoose } = props;
  const { ref, width, height } = useElementSize();
  const picture = useBitmap(url);
  const room = {
    width,
    height: isTall ? fitHeight : height,
    label: isNarrow ? 0 : LABEL_WIDTH,
    rowGap: ROW_GAP,
    columnGap: COLUMN_GAP,
  };
  const sheet = picture && sheetOf(picture.bitmap, classNames.length, ipc);
  const chosen = sheet && (zoom === "fit" ? fitZoom(sheet, room, isNarrow ? 1 : 2) : zoom);
  const layout = sheet && chosen && width > 0 ? layOut(sheet, room, chosen) : undefined;

  return (
    <div className={styles.ground} style={{ padding: PADDING }}>
      <div className={styles.room} ref={ref}>
        {picture && sheet && layout && (
          <div
            className={styles.rows}
            style={{ gap: `${ROW_GAP}px ${COLUMN_GAP}px`, gridTemplateRows: `repeat(${layout.rows}, auto)` }}
          >
            {classNames.slice(0, sheet.classes).map((name, classIndex) => (
              <div className={styles.row} key={name}>
                {!isNarrow && (
                  <div className={styles.label} style={{ width: LABEL_WIDTH }} title={name}>
                    {name}
                  </div>
                )}
                <ClassBlock
                  bitmap={picture.bitmap}
                  sheet={sheet}
                  layout={layout}
                  classIndex={classIndex}
                  label={text.lightTable.block(name, sheet.columns, step)}
                  onHover={onHover}
                  onChoose={onChoose}
                />
              </div>
            ))}
          </div>
        )}
        {!picture && url === undefined && <p className={styles.wait}>{text.lightTable.none}</p>}
      </div>
    </div>
  );
}

interface ClassBlockProps {
  readonly bitmap: ImageBitmap;
  readonly sheet: Sheet;
  readonly layout: TableLayout;
  readonly classIndex: number;
  readonly label: string;
  readonly onHover: LightTableProps["onHover"];
  readonly onChoose: LightTableProps["onChoose"];
}

function ClassBlock({ bitmap, sheet, layout, classIndex, label, onHover, onChoose }: ClassBlockProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<number>();
  const columns = Math.min(layout.perLine, sheet.columns);
  const width = columns * (sheet.width + GAP) - GAP;
  const height = layout.lines * (sheet.height + GAP) - GAP;

  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, width, height);
    for (let index = 0; index < sheet.columns; index++) {
      const from = sourceOf(sheet, classIndex, index);
      const to = placeOf(sheet, layout, index);
      context.drawImage(bitmap, from.x, from.y, sheet.width, sheet.height, to.x, to.y, sheet.width, sheet.height);
    }
  });

  const find = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return indexAt(sheet, layout, event.clientX - box.left, event.clientY - box.top);
  };
  const move = (index: number | undefined) => {
    if (index === at) return;
    setAt(index);
    onHover?.(index === undefined ? undefined : { classIndex, index });
  };
  useEffect(() => () => onHover?.(undefined), [onHover]);
  const place = at === undefined ? undefined : placeOf(sheet, layout, at);

  const size = { width: width * layout.zoom, height: height * layout.zoom };
  const picture = <canvas ref={canvas} className={styles.canvas} width={width} height={height} style={size} />;
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
      onClick={() => onChoose({ classIndex, index: at ?? 0 })}
    >
      {picture}
      {frame}
    </button>
  );
}
