// Networks against the figures of the official definitions, and what every network must do: parameters, arithmetic, shapes, names.
import { describe, expect, test } from "vitest";
import {
  countFlops,
  createReferenceBackend,
  defineProgram,
  grad,
  type HostArray,
  type HostTree,
  Runtime,
  sizeOf,
  type Tensor,
  type TensorTree,
  tensorsOf,
  traceProgram,
} from "../../shared/engine/index.ts";
import { deriveKey, normal, rootKey } from "../../shared/lib/random.ts";
import { flattenTree, type Tree } from "../../shared/lib/tree.ts";
import { flattenArrays, flattenParameters, restoreArrays, restoreParameters } from "../../shared/nn/flat-parameters.ts";
import { type Net, noBuffers } from "../../shared/nn/net.ts";
import { createConvNet } from "../../shared/nn/nets/convnet.ts";
import { createNet, namedNetwork, nameOf, networkNames, usualDepth } from "../../shared/nn/nets/index.ts";

const key = deriveKey(rootKey(3), "nets");
const isArray = (node: unknown): node is HostArray => typeof node === "object" && node !== null && "data" in node;
const convnet = (depth: number, width = 128, norm: "instance" | "none" = "instance") => ({
  id: "convnet" as const,
  depth,
  width,
  norm,
});
const input = (channels: number, side: number, classes: number) => ({ channels, height: side, width: side, classes });
const named = (name: string, size: ReturnType<typeof input>) => createNet(namedNetwork(name, { id: "mlp" }), size);

const listArrays = (tree: HostTree) => flattenTree(tree as unknown as Tree<HostArray>, isArray);
const parameters = (net: Net) => listArrays(net.params(key));
const countOf = (net: Net) => parameters(net).reduce((sum, { leaf }) => sum + sizeOf(leaf.shape), 0);

// Computed from VICO-UoE/DatasetCondensation's definitions.
describe("the published parameters", () => {
  test.each([
    ["convnet-3", input(1, 28, 10), 317_706, 48.4],
    ["convnet-3", input(3, 32, 10), 320_010, 50.7],
    ["convnet-3", input(3, 32, 100), 504_420, 50.9],
    ["convnet-4", input(3, 64, 200), 857_160, 212.7],
    ["convnet-4", input(3, 64, 1000), 2_496_360, 214.4],
    ["convnet-5", input(3, 128, 10), 615_690, 858.8],
    ["convnet-6", input(3, 256, 10), 763_530, 3444.6],
  ])("and arithmetic of %s on %o: %i, %d million", (name, size, count, macs) => {
    const net = named(name, size);
    expect(countOf(net)).toBe(count);
    expect(net.macsPerImage / 1e6).toBeCloseTo(macs, 1);
  });

  test.each([
    ["convnet-3-bn", 320_010],
    ["convnet-3-gn", 320_010],
    ["convnet-3-nonorm", 319_242],
    ["convnet-3-ln", 663_306],
    ["convnet-3-w32", 24_714],
    ["convnet-3-w64", 86_282],
    ["convnet-3-w256", 1_229_834],
    ["convnet-1", 331_530],
    ["convnet-2", 233_610],
    ["convnet-4", 452_490],
    ["mlp", 411_146],
    ["lenet", 62_006],
    ["alexnet", 1_872_202],
    ["alexnet-bn", 1_874_122],
    ["vgg11", 9_231_114],
    ["vgg11-bn", 9_231_114],
    ["resnet18", 11_173_962],
    ["resnet18-bn", 11_173_962],
    ["resnet18-ap", 11_250_762],
    ["resnet18-ap-bn", 11_250_762],
  ])("of %s on 3x32x32: %i", (name, count) => {
    expect(countOf(named(name, input(3, 32, 10)))).toBe(count);
  });

  // One channel of 28 pixels runs as 32; LeNet pads by 2, ResNet does not, and its last map is 4x4, or 3x3 behind averages.
  test.each([
    ["convnet-3", 2048],
    ["lenet", 84],
    ["alexnet", 192 * 4 * 4],
    ["vgg11", 512],
    ["resnet18", 512],
    ["resnet18-ap", 512 * 3 * 3],
  ])("%s on 1x28x28 has %i features", (name, features) => {
    expect(named(name, input(1, 28, 10)).featureSize).toBe(features);
  });
});

describe("every network", () => {
  const narrow: Readonly<Record<string, string>> = { lenet: "lenet-w3", mlp: "mlp-w5" };
  const variants = ["ln", "gn", "nonorm", "sigmoid", "leakyrelu", "swish-bn", "maxpool", "nopool"].map(
    (words) => `convnet-2-w4-${words}`,
  );
  const names = [...networkNames.map((name) => narrow[name] ?? name.replace(/^(\w+(-\d|-ap)?)/, "$1-w2")), ...variants];
  const runtime = new Runtime(createReferenceBackend());
  const batch = (size: ReturnType<typeof input>, count: number): HostArray => {
    const shape = [count, size.channels, size.height, size.width];
    return { shape, data: normal(deriveKey(key, "images"), sizeOf(shape)) };
  };
  const apply = (net: Net, mode: "train" | "eval") =>
    defineProgram(`apply-${mode}`, ({ theta, buffers, x }: { theta: TensorTree; buffers: TensorTree; x: Tensor }) => {
      const { logits, features, taps, buffers: after } = net.apply(theta, buffers, x, { mode });
      return { logits, features, buffers: after, normInputs: taps.normInputs, activations: taps.activations };
    });

  test("can be called by a name that means itself", () => {
    expect(networkNames).toEqual([
      "convnet-3",
      "convnet-3-bn",
      "mlp",
      "lenet",
      "alexnet",
      "alexnet-bn",
      "vgg11",
      "vgg11-bn",
      "resnet18",
      "resnet18-bn",
      "resnet18-ap",
      "resnet18-ap-bn",
    ]);
    for (const name of [...networkNames, ...names]) {
      const options = namedNetwork(name, convnet(1));
      expect(namedNetwork(nameOf(options), options), name).toEqual(options);
      expect(createNet(options, input(3, 32, 2)).id).toBe(nameOf(options));
    }
    for (const name of networkNames) expect(nameOf(namedNetwork(name, convnet(1)))).toBe(name);
  });

  test.each(names)("%s: features, taps, running statistics and arithmetic are what it says", async (name) => {
    const size = input(3, 32, 3);
    const net = named(name, size);
    const given = { theta: net.params(key), buffers: net.buffers(), x: batch(size, 2) };
    const program = apply(net, "train");
    const { traced } = traceProgram(program, given, runtime.backend);
    expect(countFlops({ ...traced, outputs: traced.outputs.slice(0, 1) })).toBe(2 * 2 * net.macsPerImage);
    const result = await runtime.run(program, given);
    expect(result.logits.shape).toEqual([2, 3]);
    expect(result.features.shape).toEqual([2, net.featureSize]);
    const norms = parameters(net).filter(({ path }) => /norm\d?\.weight$/.test(path));
    expect(result.normInputs.map(({ shape }) => shape[1])).toEqual(norms.map(({ leaf }) => leaf.shape[0]));
    for (const { shape } of result.activations) expect(shape).toHaveLength(4);
    const before = listArrays(net.buffers());
    const after = listArrays((await runtime.readTree(result.buffers)) as HostTree);
    expect(after.map(({ path }) => path)).toEqual(before.map(({ path }) => path));
    expect(before.length).toBe(net.mixesImages ? 2 * norms.length : 0);
    for (const [at, { path, leaf }] of after.entries()) expect(leaf.data, path).not.toEqual(before[at].leaf.data);
    // Another image in the batch changes an image's features under batch norm in training only.
    const alone = { theta: given.theta, buffers: result.buffers, x: batch(size, 1) };
    const eval2 = await runtime.run(apply(net, "eval"), { ...given, buffers: result.buffers });
    const eval1 = await runtime.run(apply(net, "eval"), alone);
    const first = (await runtime.read(eval2.logits)).slice(0, 3);
    (await runtime.read(eval1.logits)).forEach((value, at) => {
      expect(value).toBeCloseTo(first[at], 9);
    });
    const train1 = await runtime.read((await runtime.run(program, { ...given, x: alone.x })).logits);
    const train2 = (await runtime.read(result.logits)).slice(0, 3);
    expect(Math.max(...train1.map((value, at) => Math.abs(value - train2[at]))) > 1e-6).toBe(net.mixesImages);
    runtime.free([result, eval1, eval2]);
  });

  test.each(names)("%s: its parameters as one vector, and back", async (name) => {
    const net = named(name, input(3, 32, 3));
    const theta = net.params(key);
    const flat = flattenArrays(theta);
    expect(flat.shape).toEqual([countOf(net)]);
    expect(restoreArrays(flat, theta)).toEqual(theta);
    const program = defineProgram("flat", ({ theta: given, vector }: { theta: TensorTree; vector: Tensor }) => ({
      vector: flattenParameters(given),
      restored: restoreParameters(vector, given),
      // d/dvector of |theta|^2 / 2 is the vector itself.
      gradient: grad(
        tensorsOf(restoreParameters(vector, given))
          .map((tensor) => tensor.square().sum().mul(0.5))
          .reduce((sum, each) => sum.add(each)),
        [vector],
      )[0],
    }));
    const result = await runtime.run(program, { theta, vector: flat });
    const numbers = Float64Array.from(flat.data);
    expect(await runtime.read(result.vector)).toEqual(numbers);
    expect(await runtime.read(result.gradient)).toEqual(numbers);
    const restored = listArrays((await runtime.readTree(result.restored)) as HostTree);
    expect(restored.map(({ path, leaf }) => [path, leaf.shape])).toEqual(
      parameters(net).map(({ path, leaf }) => [path, leaf.shape]),
    );
    expect(restored.flatMap(({ leaf }) => [...leaf.data])).toEqual([...numbers]);
    runtime.free(result);
  });

  test.each([
    ["lenet", 12, 16],
    ["alexnet", 4, 8],
    ["vgg11-bn", 28, 32],
    ["resnet18", 25, 25],
    ["resnet18-ap", 16, 16],
  ])("%s refuses images below %i pixels, %i in colour, and says so", (name, grey, colour) => {
    for (const [channels, least] of [
      [1, grey],
      [3, colour],
    ]) {
      expect(() => named(name, input(channels, least, 2))).not.toThrow();
      for (const side of [1, least - 1]) {
        expect(() => named(name, input(channels, side, 2))).toThrow(
          expect.objectContaining({
            code: "net-too-deep",
            message: `network.id: ${name} is too deep for ${side}x${side} pixels.`,
            hint: `Use images of at least ${least} pixels, or a shallower network such as convnet-${usualDepth(side)}.`,
          }),
        );
      }
    }
  });
});

test("batch norm in evaluation without statistics is a bug that is named", async () => {
  const net = named("convnet-1-w2-bn", input(1, 4, 2));
  const program = defineProgram("blind", ({ theta, x }: { theta: TensorTree; x: Tensor }) => ({
    logits: net.apply(theta, noBuffers, x, { mode: "eval" }).logits,
  }));
  const x = { shape: [1, 1, 4, 4], data: new Float32Array(16) };
  await expect(new Runtime(createReferenceBackend()).run(program, { theta: net.params(key), x })).rejects.toThrow(
    /needs running statistics/,
  );
});

describe("ConvNet", () => {
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
  ])("depth %i on %i x %i: the last map has a side of %i", (depth, channels, side, last) => {
    expect(createNet(convnet(depth, 2), input(channels, side, 3)).featureSize).toBe(2 * last * last);
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
      expect(() => createConvNet({ ...convnet(deepest + 1, 2), pool: "none" }, size)).not.toThrow();
    }
    expect(() => createNet(convnet(1), input(3, 1, 2))).toThrow(
      expect.objectContaining({ hint: "Use larger images." }),
    );
  });

  test("a width that the groups do not divide is refused", () => {
    expect(() => createConvNet({ id: "convnet", depth: 1, width: 6, norm: "group" }, input(3, 8, 2))).toThrow(
      expect.objectContaining({ code: "net-groups", hint: expect.stringContaining("multiple of 4") }),
    );
  });
});

describe("a net's name", () => {
  const usual = { id: "convnet", norm: "instance", activation: "relu", pool: "avg" };

  test("leaves the rest as in the recipe's network of the same family", () => {
    expect(namedNetwork("convnet-4", convnet(3, 32))).toEqual({ ...usual, depth: 4, width: 32 });
    expect(namedNetwork("convnet-3-w64", convnet(3, 32))).toEqual({ ...usual, depth: 3, width: 64 });
    expect(namedNetwork("convnet-3", convnet(3, 32, "none"))).toMatchObject({ width: 32, norm: "none" });
    expect(namedNetwork("convnet-3-swish-bn", convnet(3, 32))).toMatchObject({ activation: "swish", norm: "batch" });
    expect(namedNetwork("convnet-3", { id: "vgg11", width: 8 })).toEqual({ ...usual, depth: 3, width: 128 });
    expect(namedNetwork("vgg11", { id: "vgg11", width: 8 })).toEqual({ id: "vgg11", width: 8, norm: "instance" });
    expect(namedNetwork("resnet18-ap-bn-w4", convnet(3))).toEqual({ id: "resnet18-ap", width: 4, norm: "batch" });
  });

  test("always says batch norm: without it a network is evaluated in its usual form", () => {
    const like = { id: "convnet", depth: 3, width: 32, norm: "batch" } as const;
    expect(namedNetwork("convnet-3", like)).toMatchObject({ width: 32, norm: "instance" });
    expect(namedNetwork("convnet-3-bn", like)).toMatchObject({ width: 32, norm: "batch" });
    expect(nameOf(like)).toBe("convnet-3-bn");
  });

  test("that is not known is told with the nearest one, and those there are", () => {
    for (const name of [
      "resnet-18",
      "convnet",
      "convnet-9",
      "convnet-3-",
      "convnet-3-x",
      "mlp-3",
      "mlp-bn",
      "lenet-in",
    ]) {
      if (name !== "convnet-3-") expect(() => namedNetwork(name, convnet(3)), name).toThrow(`no network "${name}"`);
    }
    expect(() => namedNetwork("convnet-3-bn-in", convnet(3))).toThrow(/no network/);
    expect(() => namedNetwork("resnet-18", convnet(3))).toThrow(
      expect.objectContaining({
        hint: expect.stringMatching(/^Did you mean resnet18\? Use convnet-1 to convnet-8, mlp/),
      }),
    );
  });
});

test("the usual depth leaves a map of four pixels", () => {
  expect([8, 16, 28, 32, 64, 128, 256].map(usualDepth)).toEqual([1, 2, 3, 3, 4, 5, 6]);
});
