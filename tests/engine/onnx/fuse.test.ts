// Fused ONNX nodes beside the plain graph: every pattern, and shapes of it that must not be fused.
import { afterAll, expect, test } from "vitest";
import { defineProgram, Runtime, type Tensor } from "../../../shared/engine/index.ts";
import { deriveKey, rootKey, uniform } from "../../../shared/lib/random.ts";
import { reference, testBackends } from "../../support/backends.ts";
import { worstError } from "../../support/samples.ts";

interface Inputs {
  x: Tensor;
  w: Tensor;
  b: Tensor;
}

const native = testBackends.find(({ name }) => name === "onnx native");
const runtimes = Promise.all([native?.open(), reference.open()]).then((opened) =>
  opened.flatMap((backend) => (backend ? [new Runtime(backend)] : [])),
);
afterAll(async () => {
  for (const runtime of await runtimes) await runtime.dispose();
});

const array = (name: string, shape: readonly number[]) => ({
  shape,
  data: uniform(
    deriveKey(rootKey(5), name),
    shape.reduce((a, b) => a * b, 1),
    -1,
    1,
  ),
});

test.each<[string, (inputs: Inputs) => Tensor[]]>([
  ["a convolution and its bias", ({ x, w, b }) => [x.conv2d(w).add(b)]],
  [
    "a convolution in groups and its bias",
    ({ x, w, b }) => [x.conv2d(w.slice([0, 0, 0, 0], [3, 1, 1, 1], [1, 1, 1, 1]), { groups: 3 }).add(b)],
  ],
  ["a convolution that is a result too", ({ x, w, b }) => [x.conv2d(w).add(b), x.conv2d(w)]],
  ["a convolution with two biases", ({ x, w, b }) => [x.conv2d(w).add(b), x.conv2d(w).add(b.mul(2))]],
  ["a convolution and a full-size sum", ({ x, w }) => [x.conv2d(w).add(x.conv2d(w).relu())]],
  ["summed squares", ({ x }) => [x.square().sum([2, 3])]],
  ["squares that are a result too", ({ x }) => [x.square().sum([2, 3], true), x.square()]],
  ["a mask", ({ x, b }) => [x.mul(x.greater(0)), b.mul(x.greater(b))]],
  ["a mask that is a result too", ({ x }) => [x.mul(x.greater(0)), x.greater(0)]],
  ["a mask by itself, squared", ({ x }) => [x.greater(0).square()]],
  ["a mask by itself, squared and summed", ({ x }) => [x.greater(0).square().sum()]],
  ["a mask by another mask", ({ x, b }) => [x.greater(0).mul(x.greater(b)), x.mul(x.greater(b))]],
])("%s", async (_, maths) => {
  const program = defineProgram("fused", (inputs: Inputs) => ({ results: maths(inputs) }));
  const args = { x: array("x", [2, 3, 5, 4]), w: array("w", [3, 3, 1, 1]), b: array("b", [1, 3, 1, 1]) };
  const [actual, expected] = await Promise.all(
    (await runtimes).map(async (runtime) => {
      const { results } = await runtime.run(program, args);
      return Promise.all(results.map((value) => runtime.read(value)));
    }),
  );
  expect(actual).toHaveLength(expected.length);
  actual.forEach((values, index) => {
    expect(worstError(values, expected[index])).toBeLessThan(1e-5);
  });
});
