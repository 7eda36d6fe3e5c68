// The place in a run's history that is looked at: one cursor for the charts, the scrubber and the images.
import { createStore } from "zustand/vanilla";
import type { Mark } from "./run-state.ts";

export interface CursorState {
  /** The step that was chosen; undefined is live: the newest. */
  readonly pinned: number | undefined;
  /** The step under the pointer, which goes before the chosen one while it is there. */
  readonly hovered: number | undefined;
}

export interface Cursor extends CursorState {
  pin(step: number): void;
  hover(step: number | undefined): void;
  goLive(): void;
}

export const createCursor = () =>
  createStore<Cursor>((set) => ({
    pinned: undefined,
    hovered: undefined,
    pin: (step) => set({ pinned: step, hovered: undefined }),
    hover: (hovered) => set({ hovered }),
    goLive: () => set({ pinned: undefined, hovered: undefined }),
  }));

export type CursorStore = ReturnType<typeof createCursor>;

/** The step that everything shows. */
export function shownStep({ pinned, hovered }: CursorState, last: number): number {
  return Math.min(hovered ?? pinned ?? last, last);
}

/** The images of a step: the last ones drawn by then. */
export function previewAt(previews: readonly Mark[], step: number): Mark | undefined {
  return previews.findLast((each) => each.step <= step) ?? previews[0];
}

/** The neighbouring picture, `by` places on; undefined past the newest, which is live. */
export function stepTo(previews: readonly Mark[], step: number, by: 1 | -1): number | undefined {
  if (by > 0) return previews.find((each) => each.step > step)?.step;
  return previews.findLast((each) => each.step < step)?.step ?? previews[0]?.step;
}
