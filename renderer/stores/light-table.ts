// The geometry of the light table: whole-pixel zoom, rows of classes, and which image lies under the pointer.

/** The preview file: one row a class, `columns` images each, with gaps of one pixel also around. */
export interface Sheet {
  readonly classes: number;
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
}

export const GAP = 1;
export const MAX_ZOOM = 16;

/** What a preview holds, from its size and the recipe; images that did not fit on the picture are not counted. */
export function sheetOf(picture: { width: number; height: number }, classes: number, ipc: number): Sheet {
  const rows = Math.max(1, classes);
  const height = Math.max(1, Math.round((picture.height - GAP) / rows) - GAP);
  // Stored images are square.
  const columns = Math.max(1, Math.min(ipc, Math.floor((picture.width - GAP) / (height + GAP))));
  return { classes, columns, width: Math.floor((picture.width - GAP) / columns) - GAP, height };
}

/** The layout at one zoom within a width in CSS pixels. */
export function layOut(sheet: Sheet, available: number, zoom: number): TableLayout {
  const cell = (sheet.width + GAP) * zoom;
  const perLine = Math.max(1, Math.min(sheet.columns, Math.floor((available + GAP * zoom) / cell)));
  return { zoom, perLine, lines: Math.ceil(sheet.columns / perLine) };
}

/** The largest whole zoom at which all classes are seen at once, each in as few lines as it needs; at least `least`. */
export function fitZoom(sheet: Sheet, room: { width: number; height: number }, rowGap: number, least = 2): number {
  for (let zoom = MAX_ZOOM; zoom > least; zoom--) {
    const { lines } = layOut(sheet, room.width, zoom);
    if ((sheet.width + GAP) * zoom > room.width) continue;
    const height = sheet.classes * (lines * (sheet.height + GAP) * zoom + rowGap);
    if (height <= room.height) return zoom;
  }
  return least;
}

/** Where the image of a class lies in the preview. */
export function sourceOf(sheet: Sheet, classIndex: number, index: number): { x: number; y: number } {
  return { x: GAP + index * (sheet.width + GAP), y: GAP + classIndex * (sheet.height + GAP) };
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
