// Every family of networks against PyTorch, on every backend: scores, gradients, running statistics, in training and in evaluation.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  defineProgram,
  grad,
  type HostArray,
  type HostTree,
  Runtime,
  sizeOf,
  type Tensor,
  type TensorTree,
  tensorsOf,
} from "../../shared/engine/index.ts";
import { flattenTree, mapTree, type Tree } from "../../shared/lib/tree.ts";
import type { Net } from "../../shared/nn/net.ts";
import { createNet, namedNetwork } from "../../shared/nn/nets/index.ts";
import { testBackends } from "../support/backends.ts";
import { Golden, relativeError } from "../support/golden.ts";

const CLASSES = 3;
const golden = new Golden("nets");
const names = golden.names.flatMap((name) => (name.endsWith(".seed") ? [name.slice(0, -".seed".length)] : []));
const isArray = (node: unknown): node is HostArray => typeof node === "object" && node !== null && "data" in node;

/** The generator of the golden file: centre + scale * draw in [-1, 1), rounded to float32. */
function createDraws(seed: number) {
  let state = seed;
  return (shape: readonly number[], scale: number, centre = 0): HostArray => ({
    shape,
    data: Float64Array.from({ length: sizeOf(shape) }, () => {
      state = (Math.imul(1664525, state) + 1013904223) >>> 0;
      return Math.fround(centre + scale * ((2 * state) / 2 ** 32 - 1));
    }),
  });
}

const largestOf = (numbers: Float64Array) => numbers.reduce((largest, each) => Math.max(largest, Math.abs(each)), 0);

/** Parameters of a network's form, drawn in their order. */
function drawParameters(net: Net, draw: ReturnType<typeof createDraws>): HostTree {
  let bound = 0;
  return mapTree(net.params([0, 0]) as unknown as Tree<HostArray>, isArray, ({ shape }, path) => {
    const isWeight = path.endsWith("weight");
    if (/norm\d?\.\w+$/.test(path)) return draw(shape, 0.4, isWeight ? 1 : 0);
    if (isWeight) bound = 1 / Math.sqrt(sizeOf(shape.slice(1)));
    return draw(shape, bound);
  }) as unknown as HostTree;
}

describe.each(testBackends)("networks on $name", ({ open, adapter, tolerance }) => {
  let runtime: Runtime;
  const limit = tolerance < 1e-6 ? 1e-8 : 1e-4;
  beforeAll(async () => {
    const backend = await open();
    expect(backend.capabilities.adapter).toMatch(adapter);
    runtime = new Runtime(backend);
  });
  afterAll(() => runtime.dispose());

  test.each(names)("%s", async (name) => {
    const [count, channels, height, width] = golden.get(`${name}.images`).data;
    const net = createNet(namedNetwork(name, { id: "mlp" }), { channels, height, width, classes: CLASSES });
    const draw = createDraws(golden.number(`${name}.seed`));
    const theta = drawParameters(net, draw);
    const x = draw([count, channels, height, width], 1.7);
    const y = {
      shape: [count, CLASSES],
      data: Float64Array.from(
        { length: count * CLASSES },
        (_, at) => +(at % CLASSES === Math.floor(at / CLASSES) % CLASSES),
      ),
    };
    const measure = (mode: "train" | "eval") =>
      defineProgram(`golden-${mode}`, (given: { theta: TensorTree; buffers: TensorTree; x: Tensor; y: Tensor }) => {
        const { logits, buffers } = net.apply(given.theta, given.buffers, given.x, { mode });
        const loss = logits
          .logSoftmax()
          .mul(given.y)
          .sum()
          .mul(-1 / count);
        return { logits, loss, gradients: grad(loss, tensorsOf(given.theta)), buffers };
      });
    const close = (actual: ArrayLike<number>, expected: Float64Array, what: string, scale = 1e-3) =>
      expect(relativeError(actual, expected, scale), what).toBeLessThan(limit);
    const paths = flattenTree(theta as unknown as Tree<HostArray>, isArray).map(({ path }) => path);

    let buffers = net.buffers();
    for (const mode of net.mixesImages ? (["train", "eval"] as const) : (["train"] as const)) {
      const prefix = mode === "train" ? name : `${name}.eval`;
      const result = await runtime.run(measure(mode), { theta, buffers, x, y });
      close(await runtime.read(result.logits), golden.get(`${prefix}.logits`).data, "logits");
      close(await runtime.read(result.loss), golden.get(`${prefix}.loss`).data, "loss");
      const expected = golden.get(`${prefix}.grad`).data;
      let from = 0;
      for (const [at, path] of paths.entries()) {
        const actual = await runtime.read(result.gradients[at]);
        const wanted = expected.subarray(from, (from += actual.length));
        // Zero in truth, such as of a bias before a norm: what is there is rounding of the others.
        const isZero = largestOf(wanted) < 1e-9 * largestOf(expected);
        close(actual, wanted, `${mode}: gradient of ${path}`, isZero ? largestOf(expected) : 1e-3);
      }
      expect(from).toBe(expected.length);
      buffers = (await runtime.readTree(result.buffers)) as HostTree;
      runtime.free(result);
    }
    const running = flattenTree(buffers as unknown as Tree<HostArray>, isArray).flatMap(({ leaf }) => [...leaf.data]);
    const wanted = net.mixesImages ? golden.get(`${name}.running`).data : new Float64Array();
    close(running, wanted, "running statistics");
  });
});
