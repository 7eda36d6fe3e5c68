// Where the window stood: kept in a small file, and put back only where a display still shows it.
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { writeFileAtomic } from "./host/files.ts";

const pixels = z.number().int().min(-100_000).max(100_000);

const windowStateSchema = z.object({
  bounds: z.object({ x: pixels, y: pixels, width: pixels.positive(), height: pixels.positive() }),
  isMaximised: z.boolean(),
});

/** Bounds in the display-independent pixels of the whole desktop; those of the unmaximised window. */
export type WindowState = z.infer<typeof windowStateSchema>;

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const minimumSize = { width: 880, height: 560 };
const usualSize = { width: 1440, height: 900 };
/** As much of the title bar as a hand needs to drag the window back. */
const grip = { width: 120, height: 32 };

/** The state of the last time; none after the first start or when the file is damaged, which loses nothing of worth. */
export async function readWindowState(path: string): Promise<WindowState | undefined> {
  try {
    return windowStateSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}

export async function writeWindowState(path: string, state: WindowState): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(state, null, 2)}\n`);
}

/**
 * Bounds to open with. `workAreas` are the displays without docks and bars, the main one first. A window that no display
 * shows enough of to be dragged, as after unplugging a monitor, opens in the middle of the main one.
 */
export function placeWindow(
  state: WindowState | undefined,
  workAreas: readonly [Rectangle, ...Rectangle[]],
): Rectangle {
  const home = state && workAreas.find((area) => showsGrip(area, state.bounds));
  const area = home ?? workAreas[0];
  const wanted = state?.bounds ?? usualSize;
  const width = clamp(wanted.width, minimumSize.width, area.width);
  const height = clamp(wanted.height, minimumSize.height, area.height);
  if (home) return { x: state.bounds.x, y: state.bounds.y, width, height };
  const x = area.x + Math.floor((area.width - width) / 2);
  const y = area.y + Math.floor((area.height - height) / 2);
  return { x, y, width, height };
}

/** Whether a draggable piece of the window's top edge lies in the area. */
function showsGrip(area: Rectangle, bounds: Rectangle): boolean {
  const shownWidth = Math.min(area.x + area.width, bounds.x + bounds.width) - Math.max(area.x, bounds.x);
  const isTopInside = bounds.y >= area.y && bounds.y + grip.height <= area.y + area.height;
  return isTopInside && shownWidth >= grip.width;
}

/** Where `most` is less than `least`, it wins: a window may not be larger than what can show it. */
const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
