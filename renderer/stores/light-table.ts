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

export const GAP = 1;
export const MAX_ZOOM = 16;
/** Larger is for looking at single images. */
const MAX_FITTED = 8;

/** What a preview holds, from its size and the recipe; images that did not fit on the picture are not counted. */
export function sheetOf(picture: { width: number; height: number }, classes: number, ipc: number): Sheet {
  const rows = Math.max(1, classes);
  const height = Math.max(1, Math.round((picture.height - GAP) / rows) - GAP);
  // Stored images are square.
  const columns = Math.max(1, Math.min(ipc, Math.floor((picture.width - GAP) / (height + GAP))));
  return { classes, columns, width: Math.floor((picture.width - GAP) / columns) - GAP, height };
}

/** The layout at one zoom: as few columns of classes as the height asks for and the width allows. */
export function layOut(sheet: Sheet, room: Room, zoom: number): TableLayout {
  const cell = (sheet.width + GAP) * zoom;
  const perLine = Math.max(1, Math.min(sheet.columns, Math.floor((room.width - room.label) / cell)));
  const lines = Math.ceil(sheet.columns / perLine);
  const most = Math.max(1, Math.floor((room.width + room.columnGap) / (room.label + perLine * cell + room.columnGap)));
  const rowHeight = lines * (sheet.height + GAP) * zoom + room.rowGap;
  const fitting = room.height === undefined ? sheet.classes : Math.floor((room.height + room.rowGap) / rowHeight);
  const wanted = Math.ceil(sheet.classes / Math.max(1, fitting));
  return { zoom, perLine, lines, rows: Math.ceil(sheet.classes / Math.min(most, wanted)) };
}

/** The largest whole zoom at which all classes are seen at once, each on one line; at least `least`. */
export function fitZoom(sheet: Sheet, room: Room, least = 2): number {
  for (let zoom = MAX_FITTED; zoom > least; zoom--) {
    const { lines, rows } = layOut(sheet, room, zoom);
    const height = rows * (lines * (sheet.height + GAP) * zoom + room.rowGap) - room.rowGap;
    if (lines === 1 && (room.height === undefined || height <= room.height)) return zoom;
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
