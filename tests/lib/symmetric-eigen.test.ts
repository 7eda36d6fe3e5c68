// Eigenvalues and vectors: they make up the matrix again, and are those of matrices known by hand.
import { expect, test } from "vitest";
import { normal, rootKey } from "../../shared/lib/random.ts";
import { symmetricEigen } from "../../shared/lib/symmetric-eigen.ts";

test("of a matrix known by hand", () => {
  const { values, vectors } = symmetricEigen([
    [2, 1],
    [1, 2],
  ]);
  expect(values[0]).toBeCloseTo(3, 14);
  expect(values[1]).toBeCloseTo(1, 14);
  expect(Math.abs(vectors[0][0])).toBeCloseTo(Math.SQRT1_2, 14);
  expect(vectors[0][0]).toBeCloseTo(vectors[0][1], 14);
});

test.each([1, 3, 40])("%d rows: A v = value v, of unit length, orthogonal, the largest first", (n) => {
  const half = normal(rootKey(n), n * n);
  const matrix = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => half[i * n + j] + half[j * n + i]),
  );
  const { values, vectors } = symmetricEigen(matrix);
  const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, at) => sum + value * b[at], 0);
  for (let k = 0; k < n; k++) {
    matrix.forEach((row, i) => void expect(product(row, vectors[k])).toBeCloseTo(values[k] * vectors[k][i], 10));
    for (let other = 0; other < n; other++)
      expect(product(vectors[k], vectors[other])).toBeCloseTo(k === other ? 1 : 0, 10);
    if (k > 0) expect(values[k]).toBeLessThanOrEqual(values[k - 1]);
  }
});

test("of zeros", () => {
  expect(
    symmetricEigen([
      [0, 0],
      [0, 0],
    ]).values,
  ).toEqual([0, 0]);
});
