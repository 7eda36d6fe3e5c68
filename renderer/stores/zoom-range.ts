// The part of a run's steps that a chart shows, made smaller, larger and moved.

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Fewer steps are no curve. */
const LEAST = 4;

/** `factor` below 1 shows less; `centre` keeps its place. Undefined is the whole. */
export function zoomRange(range: Range, whole: Range, factor: number, centre: number): Range | undefined {
  const span = Math.max(LEAST, (range.to - range.from) * factor);
  if (span >= whole.to - whole.from) return undefined;
  const share = (Math.max(range.from, Math.min(range.to, centre)) - range.from) / Math.max(1, range.to - range.from);
  return moveInto({ from: Math.round(centre - share * span), to: Math.round(centre + (1 - share) * span) }, whole);
}

/** Moved by a share of its own width, and kept within the whole. */
export function panRange(range: Range, whole: Range, share: number): Range {
  const by = Math.round((range.to - range.from) * share);
  return moveInto({ from: range.from + by, to: range.to + by }, whole);
}

function moveInto({ from, to }: Range, whole: Range): Range {
  const by = Math.max(0, whole.from - from) + Math.min(0, whole.to - to);
  return { from: Math.max(whole.from, from + by), to: Math.min(whole.to, to + by) };
}
