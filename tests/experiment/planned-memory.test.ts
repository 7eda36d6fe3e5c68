// The planned memory of a run, beside what a real run of the same recipe took.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BackendError,
  createReferenceBackend,
  createWebgpuBackend,
  type WebgpuBackend,
} from "../../shared/engine/index.ts";
import { fitMemory, planMemory } from "../../shared/experiment/planned-memory.ts";
import { splitTraining } from "../../shared/experiment/sets.ts";
import { rootKey } from "../../shared/lib/random.ts";
import { countParameters } from "../../shared/nn/flat-parameters.ts";
import { createNet } from "../../shared/nn/nets/index.ts";
import { webgpu } from "../support/backends.ts";
import { swiftshaderMissing } from "../support/swiftshader.ts";
import { runSmall, smallRecipe, test as testSet, train } from "./small-world.ts";

const evaluation = { protocol: "dm", trials: 2, epochs: 2, baselines: ["random", "whole"] };

describe.skipIf(swiftshaderMissing)("planned memory", () => {
  let opened: WebgpuBackend;
  beforeAll(async () => {
    opened = (await webgpu.open()) as WebgpuBackend;
  });
  afterAll(() => opened.dispose());
  /** Backends of one device, each with memory of its own. */
  const open = (memoryLimit?: number): WebgpuBackend =>
    createWebgpuBackend(opened.device, { adapter: opened.capabilities.adapter, software: true, memoryLimit });

  test.each([
    ["as it is", {}, undefined],
    ["in pieces", {}, 2],
    ["of wide networks", { network: { width: 16, depth: 2 }, evaluation }, undefined],
    ["with steps that are judged", { evaluation: { ...evaluation, everySteps: 2, validation: 0.25 } }, undefined],
    ["with chosen images", { init: "k-means", evaluation: { ...evaluation, baselines: ["herding"] } }, undefined],
    ["of whitened images", { dataset: { normalise: "zca" } }, undefined],
    ["of a single step", { method: { steps: 1 } }, undefined],
  ])("is what a run takes, to the byte: %s", async (_, changes, imagesAtOnce) => {
    const backend = open();
    const recipe = smallRecipe({ id: "dm", steps: 7 }, changes);
    for (const evaluate of [false, true]) {
      const sets = { ...splitTraining(train, recipe), test: testSet };
      const { peakBytes } = await planMemory(backend, { recipe, ...sets, evaluate, imagesAtOnce });
      const { outcome } = await runSmall({ recipe, backend, evaluate, imagesAtOnce });
      expect(outcome.status).toBe("done");
      expect(backend.stats().peakBytes).toBe(peakBytes);
    }
  });

  test.each([
    ["few steps on wide networks", { innerSteps: 2, experts: { count: 1, batch: 4 } }],
    ["experts of large batches", { innerSteps: 2, experts: { count: 1, batch: 36 } }],
  ])("counts the training of experts, too, to the byte: %s", async (_, method) => {
    const backend = open();
    const recipe = smallRecipe({ id: "mtt", steps: 7, ...method });
    const { peakBytes } = await planMemory(backend, { recipe, train, test: testSet, evaluate: false });
    const { outcome } = await runSmall({ recipe, backend });
    expect(outcome.status).toBe("done");
    expect(backend.stats().peakBytes).toBe(peakBytes);
  });

  test("of fifty student steps is that of two, and the parameters after each", async () => {
    const planOf = (innerSteps: number) => {
      const recipe = smallRecipe(
        { id: "mtt", steps: 7, innerSteps, studentBatch: 0, experts: { count: 1, batch: 2 } },
        { ipc: 12 },
      );
      return planMemory(open(), { recipe, train, test: testSet, evaluate: false });
    };
    const [two, fifty] = [await planOf(2), await planOf(50)];
    const net = createNet(
      { id: "convnet", depth: 1, width: 4, norm: "instance" },
      { channels: 1, height: 8, width: 8, classes: 3 },
    );
    // Each of the six parameter tensors has memory of its own, of sizes that buffers are made in.
    const kept = 6 * 256 + 4 * countParameters(net.params(rootKey(0)));
    expect(fifty.peakBytes).toBeGreaterThan(two.peakBytes);
    expect(fifty.peakBytes - two.peakBytes).toBeLessThan(48 * 2 * kept);
  });

  const recipe = smallRecipe({ id: "dm", steps: 5, realBatch: 2 }, { ipc: 8 });
  const planned = { recipe, train, test: testSet, evaluate: false };

  test("takes smaller pieces below a limit, which the run then keeps", async () => {
    const free = open();
    const whole = await planMemory(free, planned);
    const pieces = await planMemory(free, { ...planned, imagesAtOnce: 12 });
    expect(pieces.peakBytes).toBeLessThan(whole.peakBytes);
    expect(await fitMemory(free, planned)).toEqual(whole);
    const backend = open(pieces.peakBytes);
    expect(await fitMemory(backend, planned)).toEqual(pieces);
    const { outcome } = await runSmall({ recipe, backend, imagesAtOnce: pieces.imagesAtOnce });
    expect(outcome.status).toBe("done");
    expect(backend.stats().peakBytes).toBe(pieces.peakBytes);
    await expect(fitMemory(backend, { ...planned, hasBegun: true })).rejects.toMatchObject({ code: "memory-limit" });
  });

  test("is refused where no piece is small enough, with the peak, the limit and what to lower", async () => {
    const pieces = await planMemory(open(), { ...planned, imagesAtOnce: 12 });
    const backend = open(pieces.peakBytes - 1);
    const megabytes = (bytes: number) => Number((bytes / 1e6).toPrecision(4));
    const error = await fitMemory(backend, planned).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "memory-limit" });
    expect(String(error)).toContain(
      `Distilling takes ${megabytes(pieces.peakBytes)} MB of the adapter's memory at its peak, even with 12 images at once`,
    );
    expect((error as { hint: string }).hint).toBe(
      "Raise the limit, or lower one of: method.realBatch, which is 2; ipc, which is 8; network.width, which is 4.",
    );
    // What begins all the same ends with a name, too.
    const running = runSmall({ recipe, backend, imagesAtOnce: 12 });
    await expect(running).rejects.toThrow(BackendError);
    await expect(running).rejects.toThrow(/needs \d+ bytes beside \d+ that are in use, above the memory limit of \d+/);
  });

  test.each([
    { id: "dm", realBatch: 2 },
    { id: "datadam", realBatch: 2 },
  ])("is refused at once under batch norm, which mixes the images of a batch: $id", async (method) => {
    const mixed = smallRecipe({ ...method, steps: 5 }, { ipc: 8, network: { norm: "batch" } });
    const all = { recipe: mixed, train, test: testSet, evaluate: false };
    const { peakBytes } = await planMemory(open(), all);
    const backend = open(peakBytes - 1);
    let plans = 0;
    const dry = backend.dry.bind(backend);
    Object.assign(backend, {
      dry: () => {
        plans++;
        return dry();
      },
    });
    const error = await fitMemory(backend, all).catch((error: unknown) => error);
    expect(plans).toBe(1);
    expect(error).toMatchObject({
      code: "memory-limit",
      message: expect.stringMatching(/^Distilling takes .* MB\. Batch norm mixes the images of a batch/),
      hint: expect.stringMatching(/network\.width, which is 4; or use network\.norm=instance\.$/),
    });
  });

  test("of an evaluation is told apart", async () => {
    const wide = smallRecipe(
      { id: "dm", realBatch: 2 },
      { ipc: 1, evaluation: { ...evaluation, nets: ["convnet-3-w64"] } },
    );
    const both = { recipe: wide, train, test: testSet, evaluate: true };
    const { distilBytes, peakBytes } = await planMemory(open(), both);
    expect(peakBytes).toBeGreaterThan(distilBytes);
    const backend = open(peakBytes - 1);
    await expect(fitMemory(backend, both)).rejects.toThrow(/^The evaluation takes/);
    expect(await fitMemory(backend, { ...both, evaluate: false })).toMatchObject({ peakBytes: distilBytes });
  });
});

test("memory is not planned where no plan says it", async () => {
  const recipe = smallRecipe({ id: "dm" });
  expect(await fitMemory(createReferenceBackend(), { recipe, train, test: testSet, evaluate: true })).toBeUndefined();
});
