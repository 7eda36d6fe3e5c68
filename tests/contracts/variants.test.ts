// Every variant of every op that has some, forced in turn, against `reference`: on the ops' samples and on the shapes of real networks.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Backend, defineProgram, Runtime, Tensor } from "../../shared/engine/index.ts";
import type { Attrs, Op, Sample } from "../../shared/engine/op.ts";
import { convSizes } from "../../shared/engine/ops/conv2d.ts";
import { ops } from "../../shared/engine/ops/index.ts";
import { formatShape } from "../../shared/engine/shape.ts";
import type { AdapterTraits } from "../../shared/engine/webgpu/kernel.ts";
import { gpuNode } from "../../shared/engine/webgpu/tune.ts";
import { deriveKey, rootKey } from "../../shared/lib/random.ts";
import { reference, webgpu } from "../support/backends.ts";
import { drawInput, worstError } from "../support/samples.ts";
import { swiftshaderMissing } from "../support/swiftshader.ts";

const key = rootKey(4711);
/** SwiftShader takes a second or two to compile a kernel with shared memory. */
const TIMEOUT_MS = 240_000;

/** Images, input channels, rows, columns, output channels, kernel, stride, padding, groups. */
type Convolution = readonly [number, number, number, number, number, number, number, number, number?];
const convolutions: readonly Convolution[] = [
  [17, 32, 7, 7, 32, 3, 1, 1],
  [3, 32, 14, 14, 40, 3, 1, 1],
  [2, 40, 16, 16, 32, 3, 1, 1],
  [1, 5, 28, 28, 32, 3, 1, 3],
  [2, 3, 32, 32, 32, 3, 1, 1],
  [3, 1, 28, 28, 32, 3, 1, 3],
  [17, 32, 4, 4, 8, 1, 1, 0],
  [1, 32, 9, 13, 5, 5, 1, 2],
  [5, 8, 14, 14, 16, 5, 2, 2],
  [3, 32, 16, 16, 40, 3, 2, 1],
  [3, 32, 15, 9, 32, 3, 2, 0],
  [2, 16, 8, 8, 32, 1, 2, 0],
  [2, 12, 7, 7, 20, 3, 1, 0],
  [1, 3, 5, 7, 1, 3, 2, 2],
  [1, 128, 8, 8, 64, 3, 1, 1],
  // MobileNetV2 and ShuffleNetV2 on 32 pixels, and groups of several channels.
  [2, 96, 16, 16, 96, 3, 2, 1, 96],
  [17, 58, 8, 8, 58, 3, 1, 1, 58],
  [1, 32, 9, 13, 32, 5, 1, 2, 32],
  [2, 32, 8, 8, 64, 3, 1, 1, 8],
  [3, 12, 7, 9, 18, 3, 2, 1, 6],
];

const shapesOf = ([n, cin, h, w, cout, k, stride, padding, groups]: Convolution) => {
  const attrs = { stride, padding, ...(groups ? { groups } : {}) };
  const [images, weights] = [
    [n, cin, h, w],
    [cout, cin / (groups ?? 1), k, k],
  ];
  const { oh, ow } = convSizes(images, weights, attrs);
  return { images, weights, result: [n, cout, oh, ow], attrs };
};
const convolutionShapes = convolutions.map(shapesOf);

const realSamples: Readonly<Record<string, readonly Sample[]>> = {
  conv2d: convolutionShapes.map(({ images, weights, attrs }) => ({
    inputs: [{ shape: images }, { shape: weights }],
    attrs,
  })),
  convInputGrad: convolutionShapes.map(({ images, weights, result, attrs }) => ({
    inputs: [{ shape: result }, { shape: weights }],
    attrs: { ...attrs, sides: images.slice(2) },
  })),
  convWeightGrad: convolutionShapes.map(({ images, weights, result, attrs }) => ({
    inputs: [{ shape: result }, { shape: images }],
    attrs: { ...attrs, sides: weights.slice(2) },
  })),
  matmul: (
    [
      [72, 64, 100, false, false],
      [72, 64, 100, true, true],
      [40, 516, 20, false, true],
      [10, 2048, 256, true, false],
      [256, 300, 10, false, false],
      [70, 68, 33, false, true],
    ] as const
  ).map(([m, k, n, transposeA, transposeB]) => ({
    inputs: [{ shape: transposeA ? [k, m] : [m, k] }, { shape: transposeB ? [n, k] : [k, n] }],
    attrs: { transposeA, transposeB },
  })),
};

function variantNames(op: Op, { inputs, attrs = {} }: Sample, traits: AdapterTraits): string[] {
  if (op.kind !== "primitive" || typeof op.webgpu !== "function") return [];
  const types = inputs.map(({ shape, bound }) => ({ shape, dtype: bound ? ("i32" as const) : ("f32" as const) }));
  const lowering = op.webgpu(gpuNode(types, op.infer(types, attrs), attrs));
  return typeof lowering === "function" ? lowering(traits).variants.map(({ name }) => name) : [];
}

const withVariants = ops.filter((op) => variantNames(op, op.samples[0], { software: true }).length > 0);
const samplesOf = (op: Op): readonly Sample[] => [...op.samples, ...(realSamples[op.name] ?? [])];
const names = ["direct", "tiles", "lanes", "groups"];
/** All that some adapter may take. */
const everyTrait: AdapterTraits = { software: true, subgroupSize: 4 };
const having = (name: string) =>
  withVariants.filter((op) => samplesOf(op).some((sample) => variantNames(op, sample, everyTrait).includes(name)));

const programOf = (op: Op, attrs: Attrs) =>
  defineProgram(op.name, (inputs: Record<string, Tensor>) => {
    const nodes = Object.values(inputs);
    return {
      y: new Tensor(
        nodes[0].graph,
        nodes[0].graph.node(
          op,
          nodes.map(({ node }) => node),
          attrs,
        ),
      ),
    };
  });

const argumentsOf = (op: Op, { inputs }: Sample, index: number) =>
  Object.fromEntries(inputs.map((input, at) => [`x${at}`, drawInput(input, deriveKey(key, op.name, index, at))]));

describe.skipIf(swiftshaderMissing).each(names)("variant %s equals reference", (name) => {
  let backend: Backend;
  let runtime: Runtime;
  const oracle = reference.open().then((opened) => new Runtime(opened));

  beforeAll(async () => {
    backend = await webgpu.open({
      choice: { forced: Object.fromEntries(withVariants.map((op) => [op.name, name])) },
    });
    expect(backend.capabilities.adapter).toMatch(webgpu.adapter);
    runtime = new Runtime(backend);
  });
  afterAll(() => backend.dispose());

  test.each(having(name))(
    "$name",
    async (op) => {
      let tried = 0;
      for (const [index, sample] of samplesOf(op).entries()) {
        if (!variantNames(op, sample, everyTrait).includes(name)) continue;
        tried++;
        const program = programOf(op, sample.attrs ?? {});
        const args = argumentsOf(op, sample, index);
        const [ours, theirs] = [await runtime.run(program, args), await (await oracle).run(program, args)];
        const error = worstError(await backend.read(ours.y), await (await oracle).backend.read(theirs.y));
        runtime.free(ours);
        const shapes = sample.inputs.map(({ shape }) => formatShape(shape)).join(" ");
        expect(error, `${op.name}/${name} ${shapes} ${JSON.stringify(sample.attrs)}`).toBeLessThan(webgpu.tolerance);
      }
      expect(tried).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});

test("the ops of the heaviest kernels have variants", () => {
  const convolution = ["conv2d", "convInputGrad", "convWeightGrad"];
  const wanted = {
    direct: [...convolution, "matmul"],
    tiles: [...convolution, "matmul"],
    lanes: [...convolution, "matmul"],
  };
  const found = Object.fromEntries(
    names.map((name) => [
      name,
      having(name)
        .map((op) => op.name)
        .sort(),
    ]),
  );
  expect(found).toEqual({ ...wanted, groups: convolution });
});
