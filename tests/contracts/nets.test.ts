// Networks against the figures of the official definitions: parameters, arithmetic, shapes, initialisation.
import { describe, expect, test } from "vitest";
import {
  createReferenceBackend,
  defineProgram,
  type HostArray,
  opaque,
  Runtime,
  sizeOf,
  type Tensor,
  type TensorTree,
} from "../../shared/engine/index.ts";
import { deriveKey, rootKey } from "../../shared/lib/random.ts";
import { flattenTree, type Tree } from "../../shared/lib/tree.ts";
import { createNet, namedNetwork, usualDepth } from "../../shared/nn/nets/index.ts";

const key = deriveKey(rootKey(3), "nets");
const isArray = (node: unknown): node is HostArray => typeof node === "object" && node !== null && "data" in node;
const convnet = (depth: number, width = 128, norm: "instance" | "none" = "instance") => ({
  id: "convnet" as const,
  depth,
  width,
  norm,
});
const input = (channels: number, side: number, classes: number) => ({ channels, height: side, width: side, classes });

const parameters = (net: ReturnType<typeof createNet>) =>
  flattenTree(net.params(key) as unknown as Tree<HostArray>, isArray);
const countOf = (net: ReturnType<typeof createNet>) =>
  parameters(net).reduce((sum, { leaf }) => sum + sizeOf(leaf.shape), 0);

describe("ConvNet", () => {
  // Computed from VICO-UoE/DatasetCondensation's definitions.
  test.each([
    ["ConvNet-3, 1x28x28, 10 classes", convnet(3), input(1, 28, 10), 317_706, 48.4],
    ["ConvNet-3, 3x32x32, 10 classes", convnet(3), input(3, 32, 10), 320_010, 50.7],
    ["ConvNet-3, 3x32x32, 100 classes", convnet(3), input(3, 32, 100), 504_420, 50.9],
    ["ConvNet-4, 3x64x64, 200 classes", convnet(4), input(3, 64, 200), 857_160, 212.7],
    ["ConvNet-4, 3x64x64, 1000 classes", convnet(4), input(3, 64, 1000), 2_496_360, 214.4],
    ["ConvNet-5, 3x128x128, 10 classes", convnet(5), input(3, 128, 10), 615_690, 858.8],
    ["ConvNet-6, 3x256x256, 10 classes", convnet(6), input(3, 256, 10), 763_530, 3444.6],
  ])("%s has the published parameters and arithmetic", (_, options, size, count, macs) => {
    const net = createNet(options, size);
    expect(countOf(net)).toBe(count);
    expect(net.macsPerImage / 1e6).toBeCloseTo(macs, 1);
  });

  test.each([
    ["no norm", convnet(3, 128, "none"), 319_242],
    ["width 32", convnet(3, 32), 24_714],
    ["width 64", convnet(3, 64), 86_282],
    ["width 256", convnet(3, 256), 1_229_834],
    ["depth 1", convnet(1), 331_530],
    ["depth 2", convnet(2), 233_610],
    ["depth 4", convnet(4), 452_490],
  ])("%s on 3x32x32 has the published parameters", (_, options, count) => {
    expect(countOf(createNet(options, input(3, 32, 10)))).toBe(count);
  });

  test("parameters come in the papers' flat order, drawn as PyTorch draws them", () => {
    const all = parameters(createNet(convnet(2, 16), input(3, 16, 5)));
    expect(all.map(({ path }) => path)).toEqual([
      "blocks.0.conv.weight",
      "blocks.0.conv.bias",
      "blocks.0.norm.weight",
      "blocks.0.norm.bias",
      "blocks.1.conv.weight",
      "blocks.1.conv.bias",
      "blocks.1.norm.weight",
      "blocks.1.norm.bias",
      "linear.weight",
      "linear.bias",
    ]);
    for (const [path, fanIn] of [
      ["blocks.0.conv", 27],
      ["blocks.1.conv", 144],
      ["linear", 16 * 16],
    ] as const) {
      for (const part of ["weight", "bias"]) {
        const found = all.find((each) => each.path === `${path}.${part}`);
        expect(found, `${path}.${part}`).toBeDefined();
        const bound = 1 / Math.sqrt(fanIn);
        const values = Array.from(found?.leaf.data ?? []);
        expect(values.every((value) => Math.abs(value) <= bound)).toBe(true);
        // Uniform: the largest of n values is near the bound.
        expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(bound * (1 - 4 / values.length));
      }
    }
    const again = parameters(createNet(convnet(2, 16), input(3, 16, 5)));
    expect(again).toEqual(all);
  });

  test.each([
    [3, 1, 28, 4],
    [3, 1, 32, 4],
    [3, 3, 32, 4],
    [1, 1, 8, 6],
  ])("depth %i on %i x %i: the last map has a side of %i", async (depth, channels, side, last) => {
    const net = createNet(convnet(depth, 2), input(channels, side, 3));
    expect(net.featureSize).toBe(2 * last * last);
    const runtime = new Runtime(createReferenceBackend());
    const program = defineProgram("shapes", ({ theta, x }: { theta: TensorTree; x: Tensor }) => {
      const { features, logits } = net.apply(theta, opaque({}), x, { mode: "train", taps: false });
      return { features, logits };
    });
    const x = { shape: [2, channels, side, side], data: new Float32Array(2 * channels * side * side).fill(0.5) };
    const result = await runtime.run(program, { theta: net.params(key), x });
    expect(result.features.shape).toEqual([2, net.featureSize]);
    expect(result.logits.shape).toEqual([2, 3]);
  });

  test("too many blocks are refused with the depth that fits", () => {
    expect(() => createNet(convnet(4), input(3, 8, 2))).toThrow(/network\.depth: 4 blocks halve 8x8 pixels to nothing/);
    for (const [channels, side, deepest] of [
      [3, 8, 3],
      [1, 28, 5],
      [3, 28, 4],
    ]) {
      const size = input(channels, side, 2);
      expect(() => createNet(convnet(deepest, 2), size)).not.toThrow();
      const hint = expect.stringContaining(`at most ${deepest},`);
      expect(() => createNet(convnet(deepest + 1, 2), size)).toThrow(expect.objectContaining({ hint }));
    }
    expect(() => createNet(convnet(1), input(3, 1, 2))).toThrow(
      expect.objectContaining({ hint: "Use larger images." }),
    );
  });
});

test("a net's name is parsed with the recipe's width, or its own", () => {
  expect(namedNetwork("convnet-4", convnet(3, 32))).toEqual(convnet(4, 32));
  expect(namedNetwork("convnet-3-w64", convnet(3, 32))).toEqual(convnet(3, 64));
  expect(() => namedNetwork("resnet-18", convnet(3))).toThrow(/no network "resnet-18"/);
  expect(() => namedNetwork("convnet-9", convnet(3))).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("convnet-1 to convnet-8") }),
  );
});

test("the usual depth leaves a map of four pixels", () => {
  expect([8, 16, 28, 32, 64, 128, 256].map(usualDepth)).toEqual([1, 2, 3, 3, 4, 5, 6]);
});
