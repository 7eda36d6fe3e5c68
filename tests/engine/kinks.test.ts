// Values and gradients of both orders at kinks, ties and zeros, on every backend.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineProgram, grad, Runtime, type Tensor } from "../../shared/engine/index.ts";
import { batchStatistics, updateStatistics } from "../../shared/nn/batch-norm.ts";
import { cosineDistance, rowCosineDistance, statisticsDistance } from "../../shared/nn/losses.ts";
import { testBackends } from "../support/backends.ts";

describe.each(testBackends)("on $name", ({ open }) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = new Runtime(await open());
  });
  afterAll(() => runtime.dispose());

  /** f(x), the gradient of its sum, and the gradient of that gradient's sum of squares. */
  async function derivatives(f: (x: Tensor) => Tensor, shape: readonly number[], data: readonly number[]) {
    const program = defineProgram("derivatives", ({ x }: { x: Tensor }) => {
      const y = f(x);
      const [first] = grad(y.sum(), [x]);
      return { y, first, second: grad(first.square().sum(), [x])[0] };
    });
    const { y, first, second } = await runtime.run(program, { x: { shape, data: Float32Array.from(data) } });
    const read = async (value: typeof y) => [...(await runtime.read(value))].map((number) => number + 0);
    return { y: await read(y), first: await read(first), second: await read(second) };
  }

  test("the norm of zeros has gradients of zero, beside rows that have others", async () => {
    const at = await derivatives((x) => x.norm([1]), [3, 2], [0, 0, 3, 4, 0, -2]);
    expect(at.y).toEqual([0, expect.closeTo(5, 5), expect.closeTo(2, 5)]);
    expect(at.first.slice(0, 2)).toEqual([0, 0]);
    expect(at.first[2]).toBeCloseTo(0.6, 5);
    expect(at.first[5]).toBeCloseTo(-1, 5);
    expect(at.second.every(Number.isFinite)).toBe(true);
    expect(at.second.slice(0, 2)).toEqual([0, 0]);
  });

  test("cosine distances to zeros are 1 and finite in both orders", async () => {
    for (const distance of [cosineDistance, rowCosineDistance]) {
      const at = await derivatives((x) => distance(x.mul(0), x), [1, 3], [1, 2, 3]);
      expect(at.y).toEqual([1]);
      expect([...at.first, ...at.second]).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });

  test.each([
    ["relu", (x: Tensor) => x.relu(), 0],
    ["abs", (x: Tensor) => x.abs(), 0],
    ["leakyRelu", (x: Tensor) => x.leakyRelu(0.25), 0.25],
    ["maximum with an equal", (x: Tensor) => x.maximum(0), 0.5],
    ["clamp at an end", (x: Tensor) => x.clamp(0, 1), 0.5],
    ["a maximum that is shared", (x: Tensor) => x.max([0]), 1 / 3],
  ] as const)("%s has PyTorch's slope at zero, or the mean of its two", async (_, f, slope) => {
    const at = await derivatives(f, [3], [0, 0, 0]);
    for (const value of at.first) expect(value).toBeCloseTo(slope, 6);
    expect(at.second).toEqual([0, 0, 0]);
  });

  test("running statistics move a tenth of the way, to the unbiased variance", async () => {
    const program = defineProgram(
      "running",
      ({ x, mean, variance }: { x: Tensor; mean: Tensor; variance: Tensor }) => ({
        batch: batchStatistics(x),
        next: updateStatistics({ mean, variance }, x),
      }),
    );
    const x = { shape: [2, 1, 1, 2], data: Float32Array.of(1, 2, 3, 6) };
    const one = { shape: [1], data: Float32Array.of(1) };
    const { batch, next } = await runtime.run(program, { x, mean: one, variance: one });
    const numbers = await Promise.all(
      [batch.mean, batch.variance, next.mean, next.variance].map(async (value) => (await runtime.read(value))[0]),
    );
    // Mean 3, squares 4 + 1 + 0 + 9 = 14.
    const expected = [3, 14 / 4, 0.9 + 0.3, 0.9 + 0.1 * (14 / 3)];
    for (const [at, value] of expected.entries()) expect(numbers[at]).toBeCloseTo(value, 5);
  });

  test("the distance of statistics is the sum of two norms, and has no slope where they are equal", async () => {
    const program = defineProgram(
      "statistics",
      ({ x, mean, variance }: { x: Tensor; mean: Tensor; variance: Tensor }) => {
        const distance = statisticsDistance(batchStatistics(x), { mean, variance });
        return { distance, gradient: grad(distance, [x])[0] };
      },
    );
    // Channel means 2 and 0, variances 1 and 4.
    const x = { shape: [1, 2, 1, 2], data: Float32Array.of(1, 3, -2, 2) };
    const pair = (...values: number[]) => ({ shape: [2], data: Float32Array.from(values) });
    const apart = await runtime.run(program, { x, mean: pair(5, 4), variance: pair(1, 6) });
    expect((await runtime.read(apart.distance))[0]).toBeCloseTo(5 + 2, 4);
    // Of the means: (m - M) / 5 / 2 for each pixel. Of the variance of channel 1: -1 * 2 (x - m) / 2.
    const slope = [...(await runtime.read(apart.gradient))];
    for (const [at, value] of [-0.3, -0.3, -0.4 + 2, -0.4 - 2].entries()) expect(slope[at]).toBeCloseTo(value, 4);
    const equal = await runtime.run(program, { x, mean: pair(2, 0), variance: pair(1, 4) });
    expect([...(await runtime.read(equal.distance)), ...(await runtime.read(equal.gradient))].map(Math.abs)).toEqual([
      0, 0, 0, 0, 0,
    ]);
  });
});
