// DM: classes matched in turn give what all at once give.
import { expect, test } from "vitest";
import { sampleClass } from "../../shared/data/class-sampler.ts";
import {
  createReferenceBackend,
  defineProgram,
  Runtime,
  type Tensor,
  type TensorTree,
  type Value,
} from "../../shared/engine/index.ts";
import { deriveKey, rootKey } from "../../shared/lib/random.ts";
import { dm } from "../../shared/methods/dm.ts";
import type { Strategy } from "../../shared/nn/augment/index.ts";
import { noBuffers } from "../../shared/nn/net.ts";
import { createConvNet } from "../../shared/nn/nets/convnet.ts";
import { classes, real, side } from "./noise-set.ts";

const ipc = 2;
const createSmallNet = (norm: "instance" | "batch") =>
  createConvNet({ id: "convnet", depth: 1, width: 3, norm }, { channels: 1, height: side, width: side, classes });

async function distil(
  imagesAtOnce: number,
  init: "real" | "noise",
  net = createSmallNet("instance"),
  strategy: Strategy = ["color", "rotate", "crop"],
) {
  const runtime = new Runtime(createReferenceBackend());
  const options = dm.options.parse({ id: "dm", steps: 3, realBatch: 3 });
  const method = dm.start({ runtime, key: rootKey(4), real, net, ipc, init, strategy, imagesAtOnce }, options);
  let state = await method.init();
  const pieces = state.images.length;
  const initial = await runtime.read(state.images[0]);
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    const result = await method.step(state);
    losses.push(await runtime.take(result.metrics.loss as Value));
    state = result.state;
  }
  const images = await Promise.all(state.images.map((piece) => runtime.read(piece)));
  return { pieces, initial, losses, images: images.flatMap((piece) => [...piece]) };
}

test.each(["real", "noise"] as const)("one class at a time equals all at once, begun with %s images", async (init) => {
  const together = await distil(100, init);
  const apart = await distil(ipc, init);
  expect([together.pieces, apart.pieces]).toEqual([1, classes]);
  expect(apart.images.length).toBe(classes * ipc * side * side);
  const worst = (a: readonly number[], b: readonly number[]) =>
    Math.max(...a.map((value, at) => Math.abs(value - b[at])));
  expect(worst(apart.losses, together.losses)).toBeLessThan(1e-10);
  expect(worst(apart.images, together.images)).toBeLessThan(1e-10);
});

test("under batch norm all classes go through the network in one batch, real and synthetic", async () => {
  const net = createSmallNet("batch");
  const { pieces, losses, initial } = await distil(ipc, "noise", net, []);
  expect(pieces).toBe(1);
  const at = deriveKey(rootKey(4), "step", 0);
  const rows = real.classNames.flatMap((_, c) => sampleClass(real, c, 3, deriveKey(at, "real", c)));
  const program = defineProgram("loss", ({ theta, x, s }: { theta: TensorTree; x: Tensor; s: Tensor }) => {
    const [a, b] = [x, s].map((images) => net.apply(theta, noBuffers, images, { mode: "train" }).features);
    const meanOf = (features: Tensor, c: number) => {
      const each = features.shape[0] / classes;
      return features.slice([c * each, 0], [(c + 1) * each, net.featureSize]).mean([0]);
    };
    const distances = real.classNames.map((_, c) => meanOf(a, c).sub(meanOf(b, c)).square().sum());
    return { loss: distances.reduce((sum, each) => sum.add(each)).mul(1 / classes) };
  });
  const runtime = new Runtime(createReferenceBackend());
  const { loss } = await runtime.run(program, {
    theta: net.params(deriveKey(at, "net")),
    x: await real.images(rows),
    s: { shape: [classes * ipc, 1, side, side], data: initial },
  });
  expect(losses[0]).toBeCloseTo(await runtime.take(loss), 9);
});
