// Where a dataset's thumbnails lie on the sheets that the import made.

export interface SheetFile {
  readonly file: string;
  readonly split: "train" | "test";
  readonly from: number;
  readonly images: number;
  readonly columns: number;
  readonly side: number;
}

export interface Thumbnail {
  readonly file: string;
  readonly side: number;
  readonly columns: number;
  /** Rows of thumbnails on the whole sheet. */
  readonly rows: number;
  readonly column: number;
  readonly row: number;
}

export function thumbnailAt(
  sheets: readonly SheetFile[],
  split: "train" | "test",
  index: number,
): Thumbnail | undefined {
  const holds = (each: SheetFile | undefined) =>
    each?.split === split && each.from <= index && index < each.from + each.images;
  // Training sheets come first, all of the same number but the last: the guess is nearly always right.
  const guess = split === "train" ? sheets[Math.floor(index / (sheets[0]?.images ?? 1))] : undefined;
  const sheet = holds(guess) ? guess : sheets.find(holds);
  if (!sheet) return undefined;
  const { file, side, columns, images, from } = sheet;
  const at = index - from;
  return {
    file,
    side,
    columns,
    rows: Math.ceil(images / columns),
    column: at % columns,
    row: Math.floor(at / columns),
  };
}

/** Indices of the first image of `count` classes spread over a split, and of their next ones where classes are few. */
export function contactIndices(counts: readonly number[], count: number): number[] {
  const starts: number[] = [];
  let at = 0;
  for (const each of counts) {
    starts.push(at);
    at += each;
  }
  const filled = starts.map((start, index) => ({ start, images: counts[index] })).filter(({ images }) => images > 0);
  if (filled.length === 0) return [];
  if (filled.length >= count) {
    return Array.from({ length: count }, (_, i) => filled[Math.floor((i * filled.length) / count)].start);
  }
  const picks: number[] = [];
  for (let round = 0; picks.length < count; round++) {
    const before = picks.length;
    for (const { start, images } of filled) if (round < images && picks.length < count) picks.push(start + round);
    if (picks.length === before) break;
  }
  return picks.sort((a, b) => a - b);
}
