// DM: classes matched in turn give what all at once give.
import { expect, test } from "vitest";
import { ImageSet } from "../../shared/data/image-set.ts";
import { createReferenceBackend, Runtime, type Value } from "../../shared/engine/index.ts";
import { integers, rootKey } from "../../shared/lib/random.ts";
import { dm } from "../../shared/methods/dm.ts";
import { createConvNet } from "../../shared/nn/nets/convnet.ts";

const [classes, perClass, side, ipc] = [3, 4, 8, 2];
const bytes = Uint8Array.from(integers(rootKey(9), classes * perClass * side * side, 256));

async function distil(imagesAtOnce: number, init: "real" | "noise") {
  const real = new ImageSet({
    classNames: ["a", "b", "c"],
    counts: Array(classes).fill(perClass),
    channels: 1,
    height: side,
    width: side,
    normaliser: { kind: "standard", mean: [0.5], std: [0.3] },
    read: async (from, to) => bytes.subarray(from * side * side, to * side * side),
  });
  const runtime = new Runtime(createReferenceBackend());
  const net = createConvNet(
    { id: "convnet", depth: 1, width: 3, norm: "instance" },
    { channels: 1, height: side, width: side, classes },
  );
  const options = dm.options.parse({ id: "dm", steps: 3, realBatch: 3 });
  const strategy = ["color" as const, "rotate" as const, "crop" as const];
  const method = dm.start({ runtime, key: rootKey(4), real, net, ipc, init, strategy, imagesAtOnce }, options);
  let state = await method.init();
  const pieces = state.images.length;
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    const result = await method.step(state);
    losses.push(await runtime.take(result.metrics.loss as Value));
    state = result.state;
  }
  const images = await Promise.all(state.images.map((piece) => runtime.read(piece)));
  return { pieces, losses, images: images.flatMap((piece) => [...piece]) };
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
