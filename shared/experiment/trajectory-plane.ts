// The plane in which an expert's path spreads most, from its snapshots.
import { symmetricEigen } from "../lib/symmetric-eigen.ts";
import type { TrajectoryPlane } from "../methods/index.ts";

/** Below this share of the first component a second one is rounding. */
const LEAST_SHARE = 1e-10;

/**
 * Principal components of a few long vectors come from the small matrix of their inner products about the mean: with X X^T = V s V^T,
 * X^T v / sqrt(s) is a unit direction, and the coordinates along it are sqrt(s) v.
 */
export function findPlane(snapshots: readonly Float32Array[]): TrajectoryPlane & { readonly share: number } {
  const [count, size] = [snapshots.length, snapshots[0].length];
  const mean = new Float64Array(size);
  for (const snapshot of snapshots) for (let i = 0; i < size; i++) mean[i] += snapshot[i] / count;
  const centred = snapshots.map((snapshot) => snapshot.map((value, i) => value - mean[i]));
  const products = centred.map((a, row) => centred.map((b, column) => (column < row ? 0 : innerProduct(a, b))));
  products.forEach((row, at) => {
    for (let column = 0; column < at; column++) row[column] = products[column][at];
  });
  const { values, vectors } = symmetricEigen(products);
  const axes = new Float32Array(2 * size);
  const path = Array<number>(2 * count).fill(0);
  for (let axis = 0; axis < Math.min(2, count); axis++) {
    if (!(values[axis] > LEAST_SHARE * values[0])) continue;
    const length = Math.sqrt(values[axis]);
    const vector = vectors[axis];
    // Either sign is right; training goes to the right and up.
    const sign = vector[count - 1] < vector[0] ? -1 : 1;
    centred.forEach((snapshot, at) => {
      const weight = (sign * vector[at]) / length;
      for (let i = 0; i < size; i++) axes[axis * size + i] += weight * snapshot[i];
      path[2 * at + axis] = sign * length * vector[at];
    });
  }
  const origin = Float32Array.of(innerProduct(axes.subarray(0, size), mean), innerProduct(axes.subarray(size), mean));
  const whole = values.reduce((sum, value) => sum + Math.max(value, 0), 0);
  return {
    axes: { shape: [2, size], data: axes },
    origin: { shape: [2], data: origin },
    path,
    share: whole > 0 ? (values[0] + Math.max(values[1], 0)) / whole : 1,
  };
}

function innerProduct(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
