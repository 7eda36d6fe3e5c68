// Ops, layers and losses against PyTorch on every backend: values, first and second derivatives.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineProgram, grad, type HostArray, Runtime, type Tensor, type Value } from "../../shared/engine/index.ts";
import { normaliseBy } from "../../shared/nn/batch-norm.ts";
import {
  absoluteDistance,
  crossEntropy,
  klDivergence,
  meanSquaredError,
  rowCosineDistance,
  softLabelCrossEntropy,
} from "../../shared/nn/losses.ts";
import { testBackends } from "../support/backends.ts";
import { Golden, relativeError } from "../support/golden.ts";

type Inputs = Readonly<Record<string, Tensor>>;
const golden = new Golden("ops");

/** Each golden op in our terms; the inputs have the file's names. */
const ops: Readonly<Record<string, (inputs: Inputs) => Tensor>> = {
  ...Object.fromEntries(
    [1, 2].flatMap((stride) =>
      [0, 1, 3].map((padding) => [
        `conv2d.stride${stride}.padding${padding}`,
        ({ x, weight }: Inputs) => x.conv2d(weight, { stride, padding }),
      ]),
    ),
  ),
  "conv2d.depthwise": ({ x, weight }) => x.conv2d(weight, { stride: 2, padding: 1, groups: 6 }),
  "conv2d.multiplied": ({ x, weight }) => x.conv2d(weight, { stride: 1, padding: 1, groups: 3 }),
  "conv2d.groups2": ({ x, weight }) => x.conv2d(weight, { stride: 2, padding: 1, groups: 2 }),
  avgPool2d: ({ x }) => x.avgPool2d(2),
  "avgPool2d.padded": ({ x }) => x.avgPool2d(3, { stride: 2, padding: 1 }),
  "maxPool2d.size2": ({ x }) => x.maxPool2d(2),
  "maxPool2d.size3": ({ x }) => x.maxPool2d(3, { stride: 2, padding: 1 }),
  "maxPool2d.ties": ({ x }) => x.maxPool2d(2),
  instanceNorm: ({ x, gamma, beta }) => x.instanceNorm(gamma, beta),
  batchNorm: ({ x, gamma, beta }) => x.batchNorm(gamma, beta),
  "batchNorm.running": ({ x, mean, variance, gamma, beta }) => normaliseBy({ mean, variance }, x, gamma, beta),
  groupNorm: ({ x, gamma, beta }) => x.groupNorm(2, gamma, beta),
  layerNorm: ({ x, gamma, beta }) => x.layerNorm(gamma, beta),
  variance: ({ x }) => x.variance([0, 2, 3]),
  ...Object.fromEntries(
    ["bilinear", "nearest"].flatMap((mode) =>
      Object.entries({ up: [8, 9], down: [4, 5], double: [4, 4] }).map(([name, sides]) => [
        `resize.${mode}.${name}`,
        ({ x }: Inputs) => x.resize(sides, mode),
      ]),
    ),
  ),
  solveSpd: ({ a, b }) => a.solveSpd(b),
  sigmoid: ({ x }) => x.sigmoid(),
  swish: ({ x }) => x.swish(),
  gelu: ({ x }) => x.gelu(),
  leakyRelu: ({ x }) => x.leakyRelu(0.01),
  tanh: ({ x }) => x.tanh(),
  erf: ({ x }) => x.erf(),
  norm: ({ x }) => x.norm([1]),
  logSoftmax: ({ x }) => x.logSoftmax(),
  softmaxCrossEntropy: ({ scores, labels }) => crossEntropy(scores, labels).reshape([1]),
  klDivergence: ({ student, teacher }) => klDivergence(student, teacher, 4).reshape([1]),
  softLabelCrossEntropy: ({ scores, labels }) => softLabelCrossEntropy(scores, labels).reshape([1]),
  meanSquaredError: ({ a, b }) => meanSquaredError(a, b).reshape([1]),
  absoluteDistance: ({ a, b }) => absoluteDistance(a, b).reshape([1]),
  rowCosineDistance: ({ a, b }) => rowCosineDistance(a, b).reshape([1]),
};

const inputsOf = (name: string): string[] =>
  golden.names.filter((each) => each.startsWith(`${name}.grad.`)).map((each) => each.slice(`${name}.grad.`.length));

test("every op of the file is compared", () => {
  const all = new Set(golden.names.filter((name) => name.endsWith(".output")).map((name) => name.slice(0, -7)));
  // Sampling at given places is the augmentation's, and compared in its file.
  all.delete("bilinear");
  expect([...all].sort()).toEqual(Object.keys(ops).sort());
});

describe.each(testBackends)("golden ops on $name", ({ open, adapter, tolerance }) => {
  let runtime: Runtime;
  const limit = tolerance < 1e-6 ? 1e-8 : 1e-4;

  beforeAll(async () => {
    const backend = await open();
    expect(backend.capabilities.adapter).toMatch(adapter);
    runtime = new Runtime(backend);
  });
  afterAll(() => runtime.dispose());

  test.each(Object.keys(ops))("%s", async (name) => {
    const inputs = inputsOf(name);
    const program = defineProgram(`golden-${name}`, (args: Record<string, Tensor>) => {
      const xs = inputs.map((input) => args[input]);
      const output = ops[name](args);
      const loss = output.mul(args.cotangent).sum();
      const first = grad(loss, xs);
      const along = first.map((gradient, at) => gradient.mul(args[`tangent.${inputs[at]}`]).sum());
      const slope = along.reduce((sum, each) => sum.add(each));
      return { output, first, second: grad(slope, [...xs, args.cotangent]) };
    });
    const given: Record<string, HostArray> = { cotangent: golden.get(`${name}.cotangent`) };
    for (const input of inputs) {
      given[input] = golden.get(`${name}.${input}`);
      given[`tangent.${input}`] = golden.get(`${name}.tangent.${input}`);
    }
    const result = (await runtime.run(program, given)) as { output: Value; first: Value[]; second: Value[] };
    const close = async (value: Value, expected: string) =>
      expect(
        relativeError(await runtime.read(value), golden.get(`${name}.${expected}`).data, 1),
        expected,
      ).toBeLessThan(limit);
    await close(result.output, "output");
    for (const [at, input] of inputs.entries()) {
      await close(result.first[at], `grad.${input}`);
      await close(result.second[at], `second.${input}`);
    }
    await close(result.second[inputs.length], "second.cotangent");
  });
});
