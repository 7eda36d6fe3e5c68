// NaN and infinity in data reach the host through every op on every backend: a diverged run must not look healthy.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineProgram, type HostArray, Runtime, ShapeError, Tensor } from "../../shared/engine/index.ts";
import type { Op } from "../../shared/engine/op.ts";
import { ops } from "../../shared/engine/ops/index.ts";
import { traceInputs } from "../../shared/engine/tensor.ts";
import { deriveKey, rootKey } from "../../shared/lib/random.ts";
import { reference, testBackends } from "../support/backends.ts";
import { drawInput } from "../support/samples.ts";

/** Comparisons give 0 or 1 by definition. */
const comparisons = new Set(["greater", "equal"]);
const key = rootKey(5);

/** Without padding where there is a choice: whether a bad number meets a padding's zeros is left to the backend. */
const sampleOf = (op: Op) => op.samples.find(({ attrs }) => !attrs?.padding) ?? op.samples[0];

function programOf(op: Op) {
  const sample = sampleOf(op);
  return defineProgram(op.name, (args: Record<string, Tensor>) => {
    const inputs = sample.inputs.map((_, index) => args[`x${index}`]);
    const nodes = inputs.map(({ node }) => node);
    return { output: new Tensor(inputs[0].graph, inputs[0].graph.node(op, nodes, sample.attrs ?? {})) };
  });
}

/** The op's sample with one number of input 0 replaced, or all. */
function given(op: Op, bad: number, all: boolean): Record<string, HostArray> {
  const { inputs } = sampleOf(op);
  const drawn = inputs.map((input, at) => drawInput(input, deriveKey(key, op.name, at)));
  if (all) drawn[0].data.fill(bad);
  else drawn[0].data[Math.floor(drawn[0].data.length / 2)] = bad;
  return Object.fromEntries(drawn.map((array, index) => [`x${index}`, array]));
}

describe.each(testBackends)("on $name", ({ open }) => {
  let runtime: Runtime;
  const oracle = reference.open().then((backend) => new Runtime(backend));
  beforeAll(async () => {
    runtime = new Runtime(await open());
  });
  afterAll(() => runtime.dispose());

  for (const op of ops.filter(
    ({ name, samples }) => !comparisons.has(name) && samples[0].inputs[0].bound === undefined,
  )) {
    test(`${op.name} lets NaN and infinity through`, async () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        for (const all of [false, true]) {
          const args = given(op, bad, all);
          const run = async (on: Runtime) => [...(await on.read((await on.run(programOf(op), args)).output))];
          const [actual, expected] = [await run(runtime), await run(await oracle)];
          // What is finite in truth, such as exp(-infinity), may be so; what is not must not become a number.
          const isMasked = (value: number, at: number) => !Number.isFinite(value) && Number.isFinite(actual[at]);
          const masked = expected.filter(isMasked);
          expect(masked, `${bad} in ${op.name} became a number`).toEqual([]);
          if (all && Number.isNaN(bad)) expect(expected.some(Number.isNaN), `${op.name} on reference`).toBe(true);
        }
      }
    });
  }

  test("log and sqrt of negative numbers, and log of 0, are not finite", async () => {
    const roots = defineProgram("roots", ({ x }: { x: Tensor }) => ({
      log: x.log(),
      sqrt: x.sqrt(),
      both: x.sqrt().add(1),
    }));
    const x = { shape: [5], data: Float32Array.of(-1, -1e-30, -1e30, Number.NEGATIVE_INFINITY, 0) };
    const { log, sqrt, both } = await runtime.run(roots, { x });
    expect([...(await runtime.read(log))].filter(Number.isFinite)).toEqual([]);
    expect([...(await runtime.read(sqrt))].filter(Number.isFinite)).toEqual([0]);
    expect([...(await runtime.read(both))].filter(Number.isFinite)).toEqual([1]);
  });

  test("tanh and what is made of it hold at large numbers", async () => {
    const far = defineProgram("far", ({ x }: { x: Tensor }) => ({
      tanh: x.tanh(),
      sigmoid: x.sigmoid(),
      erf: x.erf(),
      gelu: x.gelu(),
    }));
    const x = { shape: [2], data: Float32Array.of(-1e20, 1e20) };
    const { tanh, sigmoid, erf, gelu } = await runtime.run(far, { x });
    expect([...(await runtime.read(tanh))]).toEqual([-1, 1]);
    expect([...(await runtime.read(sigmoid))]).toEqual([0, 1]);
    expect([...(await runtime.read(erf))]).toEqual([-1, 1]);
    expect([...(await runtime.read(gelu))].map((value) => value / 1e20)).toEqual([
      expect.closeTo(0),
      expect.closeTo(1),
    ]);
  });
});

describe("empty tensors are refused when a program is traced", () => {
  test("as an input", () => {
    expect(() => traceInputs([{ shape: [0, 3], dtype: "f32" }])).toThrow(/^input: \[0,3\] is empty/);
    expect(() => traceInputs([{ shape: [2.5], dtype: "f32" }])).toThrow(ShapeError);
  });

  test("as an op's result, with the trail that led there", () => {
    const [x] = traceInputs([{ shape: [2, 3, 1, 1], dtype: "f32" }]).inputs;
    expect(() => x.exp().resize([0, 4])).toThrow(/^resize: \[2,3,0,4\] is empty.*\ngiven exp: f32\[2,3,1,1\]/);
    expect(() => x.exp().slice([0, 0, 0, 0], [0, 3, 1, 1])).toThrow(/^slice: .*\ngiven exp: f32\[2,3,1,1\]/);
  });
});
