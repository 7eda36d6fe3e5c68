// Features of one class's images, [n][d] row by row, and the few sums over them that choosing takes.

export interface Features {
  readonly count: number;
  readonly size: number;
  /** [count][size] */
  readonly data: Float32Array;
}

/** The mean row. */
export function meanOf({ count, size, data }: Features): Float64Array {
  const mean = new Float64Array(size);
  for (let i = 0; i < count; i++) for (let d = 0; d < size; d++) mean[d] += data[i * size + d];
  return mean.map((sum) => sum / count);
}

/** Squared distance of a row to a point. */
export function squaredDistanceTo({ size, data }: Features, row: number, point: ArrayLike<number>): number {
  let sum = 0;
  const from = row * size;
  for (let d = 0; d < size; d++) sum += (data[from + d] - point[d]) ** 2;
  return sum;
}

export const rowOf = ({ size, data }: Features, row: number): Float32Array =>
  data.subarray(row * size, (row + 1) * size);

/** The row that `score` is lowest for, among those not `taken`; the first of equal ones. -1 where there is none. */
export function lowestRow({ count }: Features, taken: ReadonlySet<number>, score: (row: number) => number): number {
  let [best, lowest] = [-1, Number.POSITIVE_INFINITY];
  for (let row = 0; row < count; row++) {
    if (taken.has(row)) continue;
    const value = score(row);
    if (best < 0 || value < lowest) [best, lowest] = [row, value];
  }
  return best;
}

/** Every row divided by its length; a row of zeros stays. */
export function toUnitRows({ count, size, data }: Features): Features {
  const unit = new Float32Array(data.length);
  for (let i = 0; i < count; i++) {
    const row = data.subarray(i * size, (i + 1) * size);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
    for (let d = 0; d < size; d++) unit[i * size + d] = row[d] / length;
  }
  return { count, size, data: unit };
}
