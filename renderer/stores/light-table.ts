// The geometry of the light table: whole-pixel zoom, rows of classes, and which image lies under the pointer.
import { layPreview, PREVIEW_GAP, placeInPreview } from "../../shared/lib/preview-grid.ts";

/** The preview file: `rows` classes one below the other, the next ones beside them, `columns` images each. */
export interface Sheet {
  readonly classes: number;
  readonly rows: number;
  readonly columns: number;
  /** Side of an image in its own pixels. */
  readonly width: number;
  readonly height: number;
}

export interface TableLayout {
  readonly zoom: number;
  /** Images in one line; a class with more takes several lines. */
  readonly perLine: number;
  readonly lines: number;
  /** Classes one below the other; the rest goes on in further columns. */
  readonly rows: number;
}

/** The room for the table in CSS pixels; without a height, it may become as high as it needs. */
export interface Room {
  readonly width: number;
  readonly height?: number | undefined;
  /** Of the class's name before its images. */
  readonly label: number;
  readonly rowGap: number;
  readonly columnGap: number;
}

export const GAP = PREVIEW_GAP;
export const MAX_ZOOM = 16;
/** Larger is for looking at single images. */
const MAX_FITTED = 8;
const MAX_IMAGE_SIDE = 1024;
/** Breaking a class into several lines must make its images this much larger to be worth it. */
const WORTH_BREAKING = 1.5;

/** What a preview holds, from its size and the recipe; images that did not fit on the picture are not counted. */
export function sheetOf(picture: { width: number; height: number }, classes: number, ipc: number): Sheet {
  // Stored images are square: the one side whose preview has this size.
  for (let side = 1; side <= MAX_IMAGE_SIDE; side++) {
    const grid = layPreview({ classes, ipc, width: side, height: side });
    if (grid.width === picture.width && grid.height === picture.height) {
      return { classes, rows: grid.rows, columns: grid.columns, width: side, height: side };
    }
  }
  const rows = Math.max(1, classes);
  const height = Math.max(1, Math.round((picture.height - GAP) / rows) - GAP);
  const columns = Math.max(1, Math.min(ipc, Math.floor((picture.width - GAP) / (height + GAP))));
  return { classes, rows, columns, width: Math.max(1, Math.floor((picture.width - GAP) / columns) - GAP), height };
}

/** How many classes a preview shows, where nobody else knows any more. */
export function countClasses(picture: { width: number; height: number }, ipc: number): number {
  const cell = (picture.width - GAP) / Math.max(1, ipc);
  return Math.max(1, Math.round((picture.height - GAP) / Math.max(1, cell)));
}

/** The layout at one zoom: as few columns of classes as the height asks for and the width allows. */
export function layOut(sheet: Sheet, room: Room, zoom: number): TableLayout {
  const cell = (sheet.width + GAP) * zoom;
  const roomFor = Math.max(1, Math.floor((room.width - room.label) / cell));
  const lines = Math.ceil(sheet.columns / roomFor);
  const perLine = Math.ceil(sheet.columns / lines); // lines of one length, not ten and one
  const most = Math.max(1, Math.floor((room.width + room.columnGap) / (room.label + perLine * cell + room.columnGap)));
  const rowHeight = lines * (sheet.height + GAP) * zoom + room.rowGap;
  const fitting = room.height === undefined ? sheet.classes : Math.floor((room.height + room.rowGap) / rowHeight);
  const wanted = Math.ceil(sheet.classes / Math.max(1, fitting));
  return { zoom, perLine, lines, rows: Math.ceil(sheet.classes / Math.min(most, wanted)) };
}

/**
 * The largest whole zoom at which all classes are seen at once: each class on one line, or on several where this makes
 * the images much larger; `least` where there is none.
 */
export function fitZoom(sheet: Sheet, room: Room, least = 2): number {
  let broken = 0;
  for (let zoom = MAX_FITTED; zoom >= 1; zoom--) {
    const layout = layOut(sheet, room, zoom);
    if (room.height !== undefined && measureTable(sheet, layout, room).height > room.height) continue;
    if (layout.lines === 1) return broken >= WORTH_BREAKING * zoom ? broken : zoom;
    if (room.height !== undefined) broken = Math.max(broken, zoom);
  }
  return broken === 0 ? least : broken;
}

/** Sizes in CSS pixels: of one class with the gap below it, of one column of classes with the gap beside it, of all. */
export function measureTable(sheet: Sheet, layout: TableLayout, room: Room) {
  const { zoom, lines, perLine, rows } = layout;
  const rowHeight = (lines * (sheet.height + GAP) - GAP) * zoom + room.rowGap;
  const columnWidth = room.label + (perLine * (sheet.width + GAP) - GAP) * zoom + room.columnGap;
  const columns = Math.ceil(sheet.classes / rows);
  return {
    rowHeight,
    columnWidth,
    height: rows * rowHeight - room.rowGap,
    width: columns * columnWidth - room.columnGap,
  };
}

/** The zooms that one key goes through: fitted, then doubling from there. */
export function nextZoom(now: number | "fit", fitted: number): number | "fit" {
  const shown = now === "fit" ? fitted : now;
  const next = [2, 4, 8, MAX_ZOOM].find((each) => each > shown);
  return next ?? "fit";
}

/** Where the image of a class lies in the preview. */
export function sourceOf(sheet: Sheet, classIndex: number, index: number): { x: number; y: number } {
  return placeInPreview(sheet, sheet, classIndex, index);
}

/** Where it lies in its class's block, in image pixels. */
export function placeOf(sheet: Sheet, layout: TableLayout, index: number): { x: number; y: number } {
  return {
    x: (index % layout.perLine) * (sheet.width + GAP),
    y: Math.floor(index / layout.perLine) * (sheet.height + GAP),
  };
}

/** The image at a point of a class's block, in CSS pixels; undefined in a gap. */
export function indexAt(sheet: Sheet, layout: TableLayout, x: number, y: number): number | undefined {
  const [px, py] = [x / layout.zoom, y / layout.zoom];
  const column = Math.floor(px / (sheet.width + GAP));
  const line = Math.floor(py / (sheet.height + GAP));
  const isInGap = px - column * (sheet.width + GAP) >= sheet.width || py - line * (sheet.height + GAP) >= sheet.height;
  const index = line * layout.perLine + column;
  return isInGap || column < 0 || column >= layout.perLine || line < 0 || index >= sheet.columns ? undefined : index;
}

/** The rows of a long table within a scrolled window, `spare` more on either side. */
export function tableRowsInSight(
  scrollTop: number,
  height: number,
  rowHeight: number,
  rows: number,
  spare: number,
): { first: number; end: number } {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  const end = Math.min(rows, Math.ceil((scrollTop + height) / rowHeight) + spare);
  return { first: Math.min(first, end), end };
}
