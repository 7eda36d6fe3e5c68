// Eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's rotations: right for any such matrix, and short.

export interface Eigen {
  /** The largest first. */
  readonly values: readonly number[];
  /** Of unit length, in the same order. */
  readonly vectors: readonly (readonly number[])[];
}

/** Sweeps until all that is off the diagonal is rounding; six to ten do, and no matrix needs fifty. */
const MOST_SWEEPS = 50;

/** `matrix` is a list of rows; it is not changed. */
export function symmetricEigen(matrix: readonly (readonly number[])[]): Eigen {
  const a = matrix.map((row) => [...row]);
  const n = a.length;
  const v = a.map((_, row) => a.map((_, column) => (row === column ? 1 : 0)));
  const scale = Math.max(...a.map((row, at) => Math.abs(row[at])), Number.MIN_VALUE);
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let largest = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        largest = Math.max(largest, Math.abs(a[p][q]));
        if (a[p][q] !== 0) rotate(a, v, p, q);
      }
    }
    if (largest <= 1e-15 * scale) break;
  }
  const order = a.map((_, at) => at).sort((i, j) => a[j][j] - a[i][i]);
  return { values: order.map((at) => a[at][at]), vectors: order.map((at) => v.map((row) => row[at])) };
}

/** Makes a[p][q] zero: a <- J^T a J, v <- v J, with the smaller of the two angles. */
function rotate(a: number[][], v: number[][], p: number, q: number): void {
  const half = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const tangent = (half < 0 ? -1 : 1) / (Math.abs(half) + Math.sqrt(half * half + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  const turn = (first: number, second: number): [number, number] => [
    cosine * first - sine * second,
    sine * first + cosine * second,
  ];
  for (const row of a) [row[p], row[q]] = turn(row[p], row[q]);
  for (let k = 0; k < a.length; k++) [a[p][k], a[q][k]] = turn(a[p][k], a[q][k]);
  for (const row of v) [row[p], row[q]] = turn(row[p], row[q]);
}
