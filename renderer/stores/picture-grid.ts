// The long grid of a dataset's pictures: a section for each class, its rows, and what of it is in sight.

export interface GridSection {
  readonly classIndex: number;
  /** Index within the split of its first picture. */
  readonly from: number;
  readonly count: number;
  /** Pixels from the top of the whole grid to its heading; rows follow. */
  readonly top: number;
  readonly rows: number;
}

export interface GridLayout {
  readonly sections: readonly GridSection[];
  readonly columns: number;
  /** Height of a row with its gap, and of a heading. */
  readonly pitch: number;
  readonly heading: number;
  readonly height: number;
  readonly total: number;
}

export interface GridShape {
  readonly width: number;
  readonly side: number;
  readonly gap: number;
  readonly heading: number;
}

/** Classes without pictures have no section; `only` is the one class that is shown, by its index. */
export function layOutGrid(
  counts: readonly number[],
  { width, side, gap, heading }: GridShape,
  only?: number,
): GridLayout {
  const columns = Math.max(1, Math.floor((width + gap) / (side + gap)));
  const pitch = side + gap;
  const sections: GridSection[] = [];
  let from = 0;
  let top = 0;
  let total = 0;
  counts.forEach((count, classIndex) => {
    if (count > 0 && (only === undefined || only === classIndex)) {
      const rows = Math.ceil(count / columns);
      sections.push({ classIndex, from, count, top, rows });
      top += heading + rows * pitch;
      total += count;
    }
    from += count;
  });
  return { sections, columns, pitch, heading, height: top, total };
}

export interface GridRow {
  readonly key: string;
  readonly top: number;
  /** Undefined for a heading. */
  readonly from: number | undefined;
  readonly count: number;
  readonly classIndex: number;
}

/** Headings and rows that are in sight, some more on either side. */
export function rowsInSight(
  { sections, columns, pitch, heading }: GridLayout,
  scrollTop: number,
  height: number,
  spare = 3,
): GridRow[] {
  const upper = scrollTop - spare * pitch;
  const lower = scrollTop + height + spare * pitch;
  const found: GridRow[] = [];
  for (let at = firstEndingBelow(sections, upper, pitch, heading); at < sections.length; at++) {
    const { classIndex, from, count, top, rows } = sections[at];
    if (top > lower) break;
    if (top + heading > upper) found.push({ key: `c${classIndex}`, top, from: undefined, count, classIndex });
    const first = Math.max(0, Math.floor((upper - top - heading) / pitch));
    const end = Math.min(rows, Math.ceil((lower - top - heading) / pitch));
    for (let row = first; row < end; row++) {
      found.push({
        key: `${from + row * columns}`,
        top: top + heading + row * pitch,
        from: from + row * columns,
        count: Math.min(columns, count - row * columns),
        classIndex,
      });
    }
  }
  return found;
}

/** Classes may be thousands: a binary search. */
function firstEndingBelow(sections: readonly GridSection[], y: number, pitch: number, heading: number): number {
  let low = 0;
  let high = sections.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { top, rows } = sections[middle];
    if (top + heading + rows * pitch < y) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where picture `index` of the split lies; undefined where it is not shown. */
export function placeOfPicture(
  { sections, columns, pitch, heading }: GridLayout,
  index: number,
): { readonly top: number; readonly section: number; readonly column: number; readonly row: number } | undefined {
  const section = sections.findLastIndex(({ from }) => from <= index);
  const found = sections[section];
  if (!found || index >= found.from + found.count) return undefined;
  const row = Math.floor((index - found.from) / columns);
  return { top: found.top + heading + row * pitch, section, column: (index - found.from) % columns, row };
}

/** The picture at a point of the whole grid; undefined in gaps, on headings and beyond the end. */
export function pictureAtPoint(layout: GridLayout, x: number, y: number, side: number): number | undefined {
  const { sections, columns, pitch, heading } = layout;
  const { top, from, count } = sections[firstEndingBelow(sections, y, pitch, heading)] ?? { top: y, from: 0, count: 0 };
  const column = Math.floor(x / pitch);
  const row = Math.floor((y - top - heading) / pitch);
  const at = row * columns + column;
  if (x < 0 || column >= columns || row < 0 || at >= count) return undefined;
  const isInGap = x - column * pitch >= side || y - top - heading - row * pitch >= side;
  return isInGap ? undefined : from + at;
}

export type GridMove = "left" | "right" | "up" | "down" | "pageUp" | "pageDown" | "first" | "last";

/** The picture that an arrow leads to, over the borders of classes, in the same column where there is one. */
export function movePicture(layout: GridLayout, index: number, move: GridMove, page: number): number {
  const { sections, columns, total } = layout;
  const here = placeOfPicture(layout, index);
  if (total === 0 || !here) return sections[0]?.from ?? 0;
  const { section, column, row } = here;
  const { from, count, rows } = sections[section];
  const pictureAt = (at: number, inRow: number) => {
    const other = sections[at];
    return other.from + Math.min(other.count - 1, inRow * columns + column);
  };
  const last = sections[sections.length - 1];
  switch (move) {
    case "first":
      return sections[0].from;
    case "last":
      return last.from + last.count - 1;
    case "left":
      return index > from || section === 0 ? Math.max(sections[0].from, index - 1) : endOf(sections[section - 1]);
    case "right":
      return index < from + count - 1 ? index + 1 : (sections[section + 1]?.from ?? index);
    case "up":
      if (row > 0) return index - columns;
      return section > 0 ? pictureAt(section - 1, sections[section - 1].rows - 1) : index;
    case "down":
      if (row < rows - 1) return pictureAt(section, row + 1);
      return section < sections.length - 1 ? pictureAt(section + 1, 0) : index;
    case "pageUp":
    case "pageDown": {
      let at = index;
      for (let i = 0; i < page; i++) at = movePicture(layout, at, move === "pageUp" ? "up" : "down", 0);
      return at;
    }
    default:
      return move satisfies never;
  }
}

const endOf = ({ from, count }: GridSection) => from + count - 1;
