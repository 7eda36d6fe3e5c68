// Images chosen by features: made once, shared, gone on with; where a run begins, and as baselines.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromSafetensors } from "../../shared/data/distilled-set.ts";
import { selectionIds } from "../../shared/data/selection/index.ts";
import { type Backend, Runtime } from "../../shared/engine/index.ts";
import { estimateRun } from "../../shared/experiment/estimate.ts";
import { prepareFeatureNetwork } from "../../shared/experiment/feature-network.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { testBackends } from "../support/backends.ts";
import { MemoryArtifacts } from "./memory-artifacts.ts";
import { countValues, type MemoryFolder, runSmall, smallRecipe, test as testSet, train } from "./small-world.ts";

let backend: Backend;
beforeAll(async () => {
  const native = testBackends.find(({ name }) => name === "onnx native");
  backend = await native!.open();
  expect(backend.capabilities.adapter).toMatch(native!.adapter);
});
afterAll(() => backend.dispose());

const recipeWith = (changes: Record<string, unknown>) =>
  smallRecipe({ id: "dm", steps: 0 }, { selection: { epochs: 3 }, ...changes });
const kindsOf = ({ kept }: MemoryArtifacts) => [...kept.values()].map(({ spec }) => spec.kind);

async function firstImages(folder: MemoryFolder): Promise<string[]> {
  const { images, shape } = fromSafetensors(folder.files.get("distilled.safetensors") as Uint8Array);
  return Array.from({ length: shape[0] }, (_, at) => String(images.subarray(at * 64, at * 64 + 64)));
}

describe.each(selectionIds)("%s", (id) => {
  const recipe = recipeWith({ init: id });

  test("begins with different real images of each class, and makes no more than that", async () => {
    const artifacts = new MemoryArtifacts();
    const counted = countValues(backend);
    const { folder, outcome } = await runSmall({ recipe, backend: counted.backend, artifacts });
    expect(outcome.status).toBe("done");
    expect(counted.live.size).toBe(0);
    expect(kindsOf(artifacts)).toEqual(["features", "choices"]);
    // Three epochs of the network and three classes: one stage, whose steps count on.
    const told = folder.events.flatMap((event) => ("stage" in event && event.stage === "prepare" ? [event] : []));
    expect(told.flatMap((event) => (event.type === "step" ? [event.step] : []))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(told.flatMap((event) => (event.type === "stage" ? [[event.step, event.steps]] : []))).toEqual([
      [0, 3],
      [3, 6],
    ]);
    const all = await train.images(Array.from({ length: train.size }, (_, index) => index));
    const known = Array.from({ length: train.size }, (_, at) => String(all.data.subarray(at * 64, at * 64 + 64)));
    const indices = (await firstImages(folder)).map((image) => known.indexOf(image));
    expect(indices.map((index) => Math.floor(index / 12))).toEqual([0, 0, 1, 1, 2, 2]);
    expect(new Set(indices).size).toBe(6);
  });

  test("stopped at any of its parts and begun again, it chooses the same and tells the same", async () => {
    const whole = await runSmall({ recipe, backend });
    // Three epochs of the network, then three classes, the last of which leaves nothing to stop.
    for (let stop = 1; stop < 6; stop++) {
      const artifacts = new MemoryArtifacts();
      let told = 0;
      const stopsAt = ({ stage }: { stage: string }) => stage === "prepare" && ++told === stop;
      const first = await runSmall({ recipe, backend, artifacts, stopsAt });
      expect(first.outcome, `stop ${stop}`).toMatchObject({ status: "stopped" });
      const again = await runSmall({ recipe, backend, artifacts });
      expect(again.folder.result, `stop ${stop}`).toEqual(whole.folder.result);
    }
  });
});

test("a network with running statistics goes on with them", async () => {
  const recipe = recipeWith({ init: "herding", network: { norm: "batch" } });
  const whole = await runSmall({ recipe, backend });
  const artifacts = new MemoryArtifacts();
  const stopsAt = ({ stage, done }: { stage: string; done: number }) => stage === "prepare" && done === 2;
  expect((await runSmall({ recipe, backend, artifacts, stopsAt })).outcome.status).toBe("stopped");
  expect((await runSmall({ recipe, backend, artifacts })).folder.result).toEqual(whole.folder.result);
});

test("the network is shared by all ways of choosing and by every ipc; other settings make another", async () => {
  const artifacts = new MemoryArtifacts();
  const run = (changes: Record<string, unknown>) => runSmall({ recipe: recipeWith(changes), backend, artifacts });
  await run({ init: "herding" });
  await run({ init: "herding", seed: 5 });
  expect(kindsOf(artifacts)).toEqual(["features", "choices"]);
  await run({ init: "k-center", ipc: 3 });
  await run({ init: "herding", selection: { epochs: 3, features: "unit" } });
  expect(kindsOf(artifacts).filter((kind) => kind === "features")).toHaveLength(1);
  expect(kindsOf(artifacts)).toHaveLength(4);
  await run({ init: "herding", selection: { epochs: 2 } });
  expect(kindsOf(artifacts).filter((kind) => kind === "features")).toHaveLength(2);
});

test("are baselines of an evaluation, for every network alike; without an evaluation they are not made", async () => {
  const baselines = ["random", ...selectionIds, "whole"];
  const nets = ["convnet-1", "convnet-2-w3"];
  const recipe = recipeWith({ evaluation: { baselines, nets, trials: 1, epochs: 1 } });
  const artifacts = new MemoryArtifacts();
  const { folder, outcome } = await runSmall({ recipe, backend, artifacts, evaluate: true });
  expect(outcome.status).toBe("done");
  const { results } = JSON.parse(new TextDecoder().decode(folder.files.get("evaluation.json")));
  expect(results.map(({ set, net }: { set: string; net: string }) => `${net} ${set}`)).toEqual(
    nets.flatMap((net) => ["distilled", ...baselines].map((set) => `${net} ${set}`)),
  );
  const none = new MemoryArtifacts();
  await runSmall({ recipe, backend, artifacts: none });
  expect(none.kept.size).toBe(0);
});

test("of the same images in another order are refused, not mixed up", async () => {
  const artifacts = new MemoryArtifacts();
  const recipe = recipeWith({ init: "herding" });
  await runSmall({ recipe, backend, artifacts });
  const choices = [...artifacts.kept.values()].find(({ spec }) => spec.kind === "choices");
  const bytes = choices?.bytes.get("class-1") as Uint8Array;
  const chosen = new Int32Array(bytes.slice(16).buffer);
  chosen[0] = chosen[0] === 12 ? 13 : 12; // another image of the class
  bytes.set(new Uint8Array(chosen.buffer), 16);
  const again = runSmall({ recipe, backend, artifacts });
  await expect(again).rejects.toThrow(/made of the same images in another order, or class-1/);
  await expect(again).rejects.toBeInstanceOf(UserError);
});

test("the training of the network is timed by a few of its batches", async () => {
  let time = 0;
  const counted = countValues(backend);
  const world = { recipe: recipeWith({ init: "herding" }), fingerprint: "", runtime: new Runtime(counted.backend) };
  const sets = { train, test: testSet, init: "noise" } as const;
  const wanted = prepareFeatureNetwork({ ...world, evaluate: false }, sets);
  // A clock that ticks a second at each batch; one batch holds all images, and there are three epochs.
  expect(await wanted?.rehearse?.(() => (time += 1000))).toBe(3);
  expect(counted.live.size).toBe(0);
});

test("are rehearsed for an estimate that leaves nothing behind", async () => {
  const counted = countValues(backend);
  const estimate = await estimateRun({
    fingerprint: "a",
    artifacts: new MemoryArtifacts(),
    recipe: recipeWith({ init: "k-means", method: { steps: 2 } }),
    runtime: new Runtime(counted.backend),
    train,
    test: testSet,
    clock: () => 0,
    evaluate: false,
  });
  expect(estimate.steps).toBe(2);
  expect(counted.live.size).toBe(0);
});
