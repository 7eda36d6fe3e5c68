// DataDAM: classes matched in turn give what all at once give, also where they have different numbers of images; attention maps.
import { expect, test } from "vitest";
import { ImageSet } from "../../shared/data/image-set.ts";
import { createReferenceBackend, defineProgram, Runtime, type Tensor, type Value } from "../../shared/engine/index.ts";
import { rootKey } from "../../shared/lib/random.ts";
import { attentionMap, datadam } from "../../shared/methods/datadam.ts";
import { createConvNet } from "../../shared/nn/nets/convnet.ts";
import { classes, real, side } from "./noise-set.ts";

const ipc = 2;
/** A batch of four is all of the first class, and more than there is of the second. */
const uneven = new ImageSet({ ...real.source, counts: [4, 3, 5] });

async function distil(imagesAtOnce: number, norm: "instance" | "batch" = "instance") {
  const runtime = new Runtime(createReferenceBackend());
  const net = createConvNet(
    { id: "convnet", depth: 2, width: 3, norm },
    { channels: 1, height: side, width: side, classes },
  );
  const options = datadam.options.parse({ id: "datadam", steps: 3, realBatch: 4 });
  const strategy = ["color" as const, "rotate" as const, "crop" as const];
  const context = { runtime, key: rootKey(4), real: uneven, net, ipc, init: "real" as const, strategy, imagesAtOnce };
  const method = datadam.start(context, options);
  let state = await method.init();
  const told: number[] = [];
  for (let step = 0; step < 3; step++) {
    const { state: next, metrics, details = {} } = await method.step(state);
    for (const value of [...Object.values(metrics), ...Object.values(details)]) {
      told.push(...(await runtime.read(value as Value)));
    }
    state = next;
  }
  const images = await Promise.all(state.images.map((piece) => runtime.read(piece)));
  return { pieces: state.images.length, told, images: images.flatMap((piece) => [...piece]) };
}

const worst = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, at) => Math.abs(value - b[at])));

test("one class at a time equals all at once, with classes of four, three and five images", async () => {
  const [together, apart] = [await distil(100), await distil(4)];
  expect([together.pieces, apart.pieces]).toEqual([1, classes]);
  // Each step: loss and norm, the loss of three classes, of one map and the features.
  expect(together.told).toHaveLength(3 * (2 + 3 + 2));
  expect(worst(apart.told, together.told)).toBeLessThan(1e-9);
  expect(worst(apart.images, together.images)).toBeLessThan(1e-10);
});

test("under batch norm, which mixes the images of a batch, classes stay together", async () => {
  const mixed = await distil(4, "batch");
  expect(mixed.pieces).toBe(1);
  expect(mixed.told.every(Number.isFinite)).toBe(true);
});

test("an attention map has length one, and a dead one is zero, with its gradient", async () => {
  const runtime = new Runtime(createReferenceBackend());
  const program = defineProgram("attention", ({ f }: { f: Tensor }) => ({ map: attentionMap(f, 1) }));
  const { map } = await runtime.run(program, {
    f: { shape: [2, 2, 1, 2], data: Float64Array.of(1, 4, 2, 0, 0, 0, 0, 0) },
  });
  const values = [...(await runtime.read(map))];
  for (const [at, expected] of [0.6, 0.8, 0, 0].entries()) expect(values[at]).toBeCloseTo(expected, 12);
});
