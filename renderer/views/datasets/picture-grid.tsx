// All pictures of a split by class, drawn only where they are in sight, so that sixty thousand scroll like sixty.
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { type KeyboardEvent, type PointerEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { type Dataset, locateImage } from "../../stores/dataset.ts";
import { createLazyCache } from "../../stores/lazy-cache.ts";
import { type GridMove, layOutGrid, movePicture, pictureAtPoint, placeOfPicture } from "../../stores/picture-grid.ts";
import { text } from "../../text.ts";
import { drawGrid } from "./draw-grid.ts";
import { PictureDetail } from "./picture-detail.tsx";
import styles from "./picture-grid.module.css";

const GAP = 2;
const HEADING = 28;
/** Sheets of a hundred thumbnails: several screens of the smallest size. */
const SHEETS_KEPT = 64;
const SHEETS_AT_ONCE = 6;

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

async function loadSheet(url: string): Promise<ImageBitmap> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The sheet could not be read: status ${response.status}.`);
  return createImageBitmap(await response.blob());
}

export function PictureGrid({ dataset, split, only, size }: PictureGridProps) {
  const { ref, width, height } = useElementSize<HTMLDivElement>();
  const scroller = useRef<HTMLDivElement>(null);
  const frame = useMergedRef(ref, scroller);
  const canvas = useRef<HTMLCanvasElement>(null);
  const id = useId();
  const [wanted, setWanted] = useState<number>();
  const [hovered, setHovered] = useState<number>();
  const [opened, setOpened] = useState<number>();
  const { classes } = dataset;
  const layout = useMemo(() => {
    const counts = classes.map((each) => each[split]);
    return layOutGrid(counts, { width, side: size, gap: GAP, heading: HEADING }, only);
  }, [classes, split, width, size, only]);
  const chosen = wanted ?? layout.sections[0]?.from;

  const requestDraw = useRef(() => {});
  useEffect(() => {
    let request = 0;
    const draw = () => {
      request = 0;
      if (!canvas.current || !scroller.current || width === 0) return;
      const { scrollTop } = scroller.current;
      drawGrid(canvas.current, { dataset, split, layout, size, scrollTop, width, height, sheetAt: sheets.get });
    };
    const ask = () => {
      if (request === 0) request = requestAnimationFrame(draw);
    };
    const sheets = createLazyCache<ImageBitmap>({
      load: loadSheet,
      onLoaded: ask,
      onDropped: (sheet) => sheet.close(),
      kept: SHEETS_KEPT,
      atOnce: SHEETS_AT_ONCE,
    });
    requestDraw.current = ask;
    ask();
    // The colour of headings changes with the scheme.
    const scheme = new MutationObserver(ask);
    scheme.observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme"] });
    return () => {
      scheme.disconnect();
      cancelAnimationFrame(request);
      sheets.dispose();
    };
  }, [dataset, split, layout, size, width, height]);

  const reveal = (index: number) => {
    setWanted(index);
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
    if (chosen === undefined) return;
    const move = moves[event.key];
    const page = Math.max(1, Math.floor(height / layout.pitch) - 1);
    if (move) reveal(wanted === undefined ? chosen : movePicture(layout, chosen, move, page));
    else if (event.key === "Enter" || event.key === " ") setOpened(chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const pictureUnder = ({ clientX, clientY }: { clientX: number; clientY: number }) => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box || !scroller.current) return undefined;
    return pictureAtPoint(layout, clientX - box.left, clientY - box.top + scroller.current.scrollTop, size);
  };
  const point = (event: PointerEvent) => setHovered(pictureUnder(event));
  const nameOf = (index: number) => {
    const { className, place } = locateImage(dataset, split, index);
    return text.datasets.image(className, place);
  };
  const boxOf = (index: number) => {
    const place = placeOfPicture(layout, index);
    return place && { top: place.top, left: place.column * layout.pitch, width: size, height: size };
  };

  return (
    <>
      <div
        ref={frame}
        className={styles.scroll}
        role="listbox"
        aria-label={text.datasets.grid}
        aria-activedescendant={chosen === undefined ? undefined : `${id}-${chosen}`}
        tabIndex={0}
        title={hovered === undefined ? undefined : nameOf(hovered)}
        data-hovered={hovered !== undefined || undefined}
        onScroll={() => {
          requestDraw.current();
          setHovered(undefined);
        }}
        onKeyDown={press}
        onPointerMove={point}
        onPointerLeave={() => setHovered(undefined)}
        onClick={(event) => {
          const index = pictureUnder(event);
          if (index === undefined) return;
          setWanted(index);
          setOpened(index);
        }}
      >
        {layout.total === 0 && <p className={styles.none}>{text.datasets.noPictures[split]}</p>}
        <div className={styles.all} role="presentation" style={{ height: layout.height }}>
          <canvas ref={canvas} className={styles.canvas} style={{ width, height }} aria-hidden />
          {chosen !== undefined && (
            // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names the chosen option.
            <div
              id={`${id}-${chosen}`}
              className={styles.chosen}
              role="option"
              aria-selected={wanted !== undefined}
              aria-label={nameOf(chosen)}
              aria-setsize={layout.total}
              aria-posinset={chosen + 1 - (only === undefined ? 0 : layout.sections[0].from)}
              style={boxOf(chosen)}
            />
          )}
          {hovered !== undefined && <div className={styles.hovered} role="presentation" style={boxOf(hovered)} />}
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
