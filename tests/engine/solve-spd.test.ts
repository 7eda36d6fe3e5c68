// solveSpd on matrices of many blocks, with the conditioning of kernel ridge regression, and on matrices that are not definite.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineProgram, Runtime, type Tensor } from "../../shared/engine/index.ts";
import { deriveKey, rootKey, uniform } from "../../shared/lib/random.ts";
import { reference, testBackends } from "../support/backends.ts";
import { worstError } from "../support/samples.ts";

const key = rootKey(77);
const numbers = (name: string, shape: readonly number[]) => ({
  shape,
  data: uniform(deriveKey(key, name), shape[0] * shape[1], -1, 1),
});
const solve = defineProgram("solve", ({ a, b }: { a: Tensor; b: Tensor }) => ({ x: a.solveSpd(b) }));

/** X_t's predictions from features, as in kernel ridge regression with a ridge of 1e-3 of the trace. */
const ridge = defineProgram("ridge", ({ f, y, one }: { f: Tensor; y: Tensor; one: Tensor }) => {
  const kernel = f.matmul(f, { transposeB: true });
  const trace = f.square().sum();
  const solved = kernel.add(one.mul(trace.mul(1e-3 / f.shape[0]))).solveSpd(y);
  return {
    prediction: kernel.matmul(solved),
    residual: kernel
      .add(one.mul(trace.mul(1e-3 / f.shape[0])))
      .matmul(solved)
      .sub(y),
  };
});

const identity = (n: number) => ({
  shape: [n, n],
  data: Float32Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0)),
});

describe.each(testBackends)("solveSpd on $name", ({ open, tolerance }) => {
  let runtime: Runtime;
  let oracle: Runtime;
  beforeAll(async () => {
    runtime = new Runtime(await open());
    oracle = new Runtime(await reference.open());
  });
  afterAll(() => runtime.dispose());

  test.each([
    [31, 1],
    [32, 2],
    [33, 3],
    [65, 70],
    [129, 10],
    [300, 5],
  ])("%i equations, %i columns", async (n, m) => {
    const given = { f: numbers(`f${n}`, [n, 2 * n]), y: numbers(`y${n}`, [n, m]), one: identity(n) };
    const expected = await oracle.run(ridge, given);
    const actual = await runtime.run(ridge, given);
    const error = worstError(await runtime.read(actual.prediction), await oracle.read(expected.prediction));
    expect(error).toBeLessThan(tolerance);
    expect(worstError(await runtime.read(actual.residual), new Float64Array(n * m))).toBeLessThan(tolerance);
  });

  const indefinite = (n: number, at: number, value: number) => {
    const matrix = identity(n);
    matrix.data[at * (n + 1)] = value;
    return matrix;
  };
  test.each([
    ["a negative number", indefinite(1, 0, -1)],
    ["zero", indefinite(1, 0, 0)],
    ["an indefinite matrix with a positive diagonal", { shape: [2, 2], data: Float32Array.of(1, 2, 2, 1) }],
    [
      "two negative pivots, whose product is positive",
      { shape: [3, 3], data: Float32Array.of(-2, 0, 0, 0, -2, 0, 0, 0, 1) },
    ],
    ["a singular matrix", { shape: [2, 2], data: Float32Array.of(1, 1, 1, 1) }],
    ["a negative pivot in the second block", indefinite(40, 37, -1)],
    ["NaN on the diagonal", indefinite(40, 3, Number.NaN)],
    ["infinity on the diagonal", indefinite(40, 35, Number.POSITIVE_INFINITY)],
  ])("%s gives NaN everywhere", async (_, a) => {
    const b = { shape: [a.shape[0], 2], data: new Float32Array(2 * a.shape[0]).fill(1) };
    const { x } = await runtime.run(solve, { a, b });
    const solved = await runtime.read(x);
    expect(Array.from(solved).filter((value) => !Number.isNaN(value))).toEqual([]);
  });

  test("NaN in the right side stays in its column", async () => {
    const b = { shape: [40, 2], data: new Float32Array(80).fill(1) };
    b.data[10] = Number.NaN;
    const { x } = await runtime.run(solve, { a: identity(40), b });
    const solved = await runtime.read(x);
    expect(Number.isNaN(solved[10])).toBe(true);
    expect(Array.from(solved).filter((_, at) => at % 2 === 1)).toEqual(new Array(40).fill(1));
  });
});
