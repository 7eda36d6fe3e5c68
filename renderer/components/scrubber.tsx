// The run's history as a line: notches are pictures, ticks checkpoints, dots evaluations; dragging and the arrow keys
// move the cursor.
import { Button } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import type { KeyboardEvent, PointerEvent } from "react";
import { useStore } from "zustand";
import { type CursorStore, shownStep, stepTo } from "../stores/cursor.ts";
import { formatCount } from "../stores/format.ts";
import type { Mark } from "../stores/run-state.ts";
import { text } from "../text.ts";
import styles from "./scrubber.module.css";

interface ScrubberProps {
  readonly cursor: CursorStore;
  readonly last: number;
  readonly total: number;
  readonly previews: readonly Mark[];
  readonly checkpoints: readonly Mark[];
  /** Steps whose images were evaluated. */
  readonly evaluations?: readonly number[];
  readonly isRunning: boolean;
}

const PAGE = 10;

/** Marks at least `apart` pixels from each other: thousands of checkpoints are no picture. */
function thin<T extends { readonly step: number }>(
  marks: readonly T[],
  toX: (step: number) => number,
  apart: number,
): T[] {
  let before = Number.NEGATIVE_INFINITY;
  return marks.filter(({ step }) => {
    if (toX(step) - before < apart) return false;
    before = toX(step);
    return true;
  });
}

export function Scrubber({ cursor, last, total, previews, checkpoints, evaluations = [], isRunning }: ScrubberProps) {
  const { ref, width } = useElementSize();
  const { pinned, hovered, pin, goLive } = useStore(cursor);
  const step = shownStep({ pinned, hovered }, last);
  const end = Math.max(1, total, last);
  const toX = (at: number) => (at / end) * width;
  const isLive = pinned === undefined;

  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (event.type === "pointermove" && event.buttons === 0) return;
    if (event.type === "pointerdown") event.currentTarget.setPointerCapture(event.pointerId);
    const box = event.currentTarget.getBoundingClientRect();
    const at = Math.round((Math.max(0, Math.min(width, event.clientX - box.left)) / Math.max(1, width)) * end);
    if (at >= last) goLive();
    else pin(at);
  };
  const press = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" || event.key === "ArrowUp" ? 1 : -1;
    if (event.key === "Home") pin(0);
    else if (event.key === "End") goLive();
    else if (event.key.startsWith("Arrow") || event.key.startsWith("Page")) {
      const isPage = event.key.startsWith("Page");
      const way = event.key === "PageUp" ? 1 : isPage ? -1 : by;
      let next: number | undefined = step;
      for (let i = 0; i < (isPage ? PAGE : 1) && next !== undefined; i++) next = stepTo(previews, next, way);
      if (next === undefined || next >= last) goLive();
      else pin(next);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className={styles.scrubber}>
      <span className={styles.caption} id="history-caption">
        {text.run.history}
      </span>
      <div
        className={styles.track}
        ref={ref}
        role="slider"
        tabIndex={0}
        aria-labelledby="history-caption"
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={step}
        aria-valuetext={text.run.stepOf(formatCount(step), formatCount(end))}
        onPointerDown={drag}
        onPointerMove={drag}
        onKeyDown={press}
      >
        <span className={styles.line} />
        <span className={styles.reached} style={{ width: toX(last) }} />
        {thin(checkpoints, toX, 5).map(({ step }) => (
          <span key={`c${step}`} className={styles.tick} style={{ left: toX(step) }} />
        ))}
        {thin(previews, toX, 7).map(({ step }) => (
          <span key={`p${step}`} className={styles.dot} style={{ left: toX(step) }} />
        ))}
        {thin(
          evaluations.map((step) => ({ step })),
          toX,
          16,
        ).map(({ step }) => (
          <span key={`e${step}`} className={styles.evaluation} style={{ left: toX(step) }} />
        ))}
        <span className={styles.thumb} data-live={isLive || undefined} style={{ left: toX(step) }} />
      </div>
      <span className={styles.value}>{text.run.stepOf(formatCount(step), formatCount(end))}</span>
      <Button
        variant={isLive ? "light" : "default"}
        size="compact-xs"
        className={styles.live}
        aria-pressed={isLive}
        onClick={goLive}
      >
        {isRunning ? text.run.live : text.run.newest}
      </Button>
    </div>
  );
}
