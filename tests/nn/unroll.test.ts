// The unroll in the memory of one step: published values of a scalar student, and a small network beside the same unroll as one graph.
import { describe, expect, test } from "vitest";
import {
  createReferenceBackend,
  defineProgram,
  grad,
  type HostArray,
  opaque,
  Runtime,
  type Tensor,
  type TensorTree,
  tensorsOf,
  type Value,
  type ValueTree,
  withTensors,
} from "../../shared/engine/index.ts";
import { deriveKey, normal, rootKey } from "../../shared/lib/random.ts";
import { flattenTree, type Tree } from "../../shared/lib/tree.ts";
import {
  type AugmentationTensors,
  augment,
  drawAugmentation,
  packAugmentations,
} from "../../shared/nn/augment/index.ts";
import { crossEntropy, squaredDistance } from "../../shared/nn/losses.ts";
import { noBuffers } from "../../shared/nn/net.ts";
import { createNet } from "../../shared/nn/nets/index.ts";
import { createUnroll, trajectoryLoss } from "../../shared/nn/unroll.ts";

const key = rootKey(77);
const scalar = (value: number) => ({ shape: [], data: Float64Array.from([value]) });
async function read(runtime: Runtime, values: unknown): Promise<Float64Array[]> {
  const trees = (await runtime.readTree(values)) as Tree<HostArray>;
  const isArray = (node: unknown): node is HostArray => typeof node === "object" && node !== null && "data" in node;
  return flattenTree(trees, isArray).map(({ leaf }) => Float64Array.from(leaf.data));
}

const length = (numbers: Float64Array) => Math.hypot(...numbers);

describe("a scalar student: loss (theta - x)^2 / 2 at x = 2, from 0 towards 1, rate 0.1, three steps", () => {
  test.each([
    { title: "exact", options: {}, loss: 0.209764, x: -0.248236, rate: -4.45176 },
    { title: "frozen, as TESLA", options: { frozen: true }, loss: 0.209764, x: -0.2748, rate: -4.96472 },
    { title: "with momentum, as AST", options: { momentum: 0.9 }, loss: 7.84e-4, x: 0.028784, rate: 0.52416 },
  ])("$title", async ({ options, ...expected }) => {
    const runtime = new Runtime(createReferenceBackend());
    const unroll = createUnroll<{ x: Tensor }, object, { start: TensorTree; target: TensorTree }>({
      name: "scalar",
      loss: (theta, { x }) => squaredDistance(tensorsOf(theta)[0], x).mul(0.5),
      judge: trajectoryLoss,
      ...options,
    });
    const { theta, target, x, rate } = runtime.upload({
      theta: opaque<never>([scalar(0)]),
      target: opaque<never>([scalar(1)]),
      x: scalar(2),
      rate: scalar(0.1),
    }) as unknown as { theta: ValueTree; target: ValueTree; x: Value; rate: Value };
    const result = await unroll(runtime, {
      theta,
      outer: { x },
      steps: [{}, {}, {}],
      rate,
      goal: { start: theta, target },
    });
    const [[loss], [toX], [toRate]] = await read(runtime, [result.loss, result.outer, result.rate]);
    expect(loss).toBeCloseTo(expected.loss, 9);
    expect(toX).toBeCloseTo(expected.x, 9);
    expect(toRate).toBeCloseTo(expected.rate, 9);
  });
});

interface Outer {
  images: Tensor;
}
interface Step {
  chunk: Tensor;
  labels: Tensor;
  w: AugmentationTensors;
}

describe("a network that learns from chunks of augmented images", () => {
  const [side, classes, count, size] = [8, 3, 5, 2];
  const net = createNet(
    { id: "convnet", depth: 2, width: 4, norm: "instance" },
    { channels: 3, height: side, width: side, classes },
  );
  const studentLoss = (theta: TensorTree, { images }: Outer, { chunk, labels, w }: Step) =>
    crossEntropy(net.apply(theta, noBuffers, augment(images.gather(chunk), w), { mode: "train" }).logits, labels);
  // The third chunk holds images of the first again.
  const steps = [
    [0, 3],
    [4, 1],
    [3, 2],
  ].map((chunk, k) => ({
    chunk: { shape: [size], data: Int32Array.from(chunk) },
    labels: {
      shape: [size, classes],
      data: Float64Array.from(chunk.flatMap((image) => [0, 1, 2].map((label) => (label === image % classes ? 1 : 0)))),
    },
    w: packAugmentations(
      drawAugmentation(deriveKey(key, k), ["crop", "scale", "color"], size, side, side),
      side,
      side,
      true,
    ),
  }));
  const images = {
    shape: [count, 3, side, side],
    data: Float64Array.from(normal(deriveKey(key, "images"), count * 3 * side * side)),
  };

  const naive = (momentum: number) =>
    defineProgram(
      "naive-unroll",
      (given: { theta: TensorTree; images: Tensor; steps: Step[]; rate: Tensor; target: TensorTree }) => {
        let theta = given.theta;
        let velocity: readonly Tensor[] | undefined;
        for (const step of given.steps) {
          const gradient = grad(studentLoss(theta, { images: given.images }, step), tensorsOf(theta));
          const before = velocity;
          velocity = before ? gradient.map((each, at) => before[at].mul(momentum).add(each)) : gradient;
          const moved = velocity.map((each, at) => tensorsOf(theta)[at].sub(each.mul(given.rate)));
          theta = withTensors(theta, moved);
        }
        const loss = trajectoryLoss(theta, { start: given.theta, target: given.target });
        return { loss, gradients: grad(loss, [given.images, given.rate]) };
      },
    );

  test.each([0, 0.9])("gives the gradient of the whole graph, momentum %d", async (momentum) => {
    const runtime = new Runtime(createReferenceBackend());
    const given = runtime.upload({
      theta: net.params(deriveKey(key, "start")),
      target: net.params(deriveKey(key, "target")),
      images,
      rate: scalar(0.3),
    });
    const { theta, target, rate } = given;
    const unroll = createUnroll<Outer, Step, { start: TensorTree; target: TensorTree }>({
      name: "small",
      loss: studentLoss,
      judge: trajectoryLoss,
      momentum,
    });
    const result = await unroll(runtime, {
      theta,
      outer: { images: given.images },
      steps,
      rate,
      goal: { start: theta, target },
    });
    const whole = await runtime.run(naive(momentum), { ...given, steps });
    const actual = await read(runtime, [result.loss, result.outer, result.rate]);
    const expected = await read(runtime, [whole.loss, whole.gradients]);
    expect(actual).toHaveLength(expected.length);
    actual.forEach((numbers, at) => {
      expect(length(numbers.map((x, i) => x - expected[at][i])) / length(expected[at])).toBeLessThan(1e-9);
    });
  });
});
