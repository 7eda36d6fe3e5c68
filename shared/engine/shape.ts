// Shapes, strides and NumPy's broadcasting rule.

/** Sizes of each axis, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** Strides that walk `shape` as if it were broadcast to `target`: 0 along every stretched axis. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const own = stridesOf(shape);
  const shift = target.length - shape.length;
  return target.map((_, axis) => (axis < shift || shape[axis - shift] === 1 ? 0 : own[axis - shift]));
}

/**
 * Walks `shape` one row (its last axis) at a time, in order: `visit` is given where the row starts when every element counts as
 * one, where it starts by each of `strides`, and its length.
 */
export function eachRow(
  shape: Shape,
  strides: readonly (readonly number[])[],
  visit: (at: number, starts: readonly number[], length: number) => void,
): void {
  const last = shape.length - 1;
  const length = shape[last] ?? 1;
  const size = sizeOf(shape);
  const coordinates = new Array<number>(shape.length).fill(0);
  for (let at = 0; at < size; at += length) {
    const starts = strides.map((own) => coordinates.reduce((sum, place, axis) => sum + place * own[axis], 0));
    visit(at, starts, length);
    for (let axis = last - 1; axis >= 0 && ++coordinates[axis] === shape[axis]; axis--) coordinates[axis] = 0;
  }
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** The shape that both broadcast to, or null where they do not fit. */
export function broadcastShapes(a: Shape, b: Shape): number[] | null {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - (rank - a.length)] ?? 1;
    const right = b[axis - (rank - b.length)] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return null;
    out[axis] = left === 1 ? right : left;
  }
  return out;
}

/** Axes counted from the end when negative, sorted, each once; null where one does not exist. */
export function normaliseAxes(axes: readonly number[], rank: number): number[] | null {
  const out = new Set<number>();
  for (const axis of axes) {
    const positive = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(positive) || positive < 0 || positive >= rank) return null;
    out.add(positive);
  }
  return [...out].sort((a, b) => a - b);
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}
