// A run on whitened images, in memory: what is prepared and shared, what the networks see, and a stop at every chunk.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromSafetensors, toPixels } from "../../shared/data/distilled-set.ts";
import { Whitener } from "../../shared/data/zca.ts";
import { type Backend, Runtime } from "../../shared/engine/index.ts";
import { prepareWhitening, whitenSet } from "../../shared/experiment/whitening.ts";
import { testBackends } from "../support/backends.ts";
import { MemoryArtifacts } from "./memory-artifacts.ts";
import { countValues, runSmall, smallRecipe, test as testSet, train } from "./small-world.ts";

let backend: Backend;
beforeAll(async () => {
  backend = (await testBackends.find(({ name }) => name === "onnx native")?.open()) as Backend;
});
afterAll(() => backend.dispose());

const recipeOf = (steps: number) => smallRecipe({ id: "dm", steps }, { dataset: { normalise: "zca" } });
const names = ["mean", "transform", "inverse", "train-00000", "test-00000"];
const setOf = (files: ReadonlyMap<string, Uint8Array>) =>
  fromSafetensors(files.get("distilled.safetensors") as Uint8Array);

test("the artifact holds the transform and all images, in the order of its chunks, and later runs share it", async () => {
  const artifacts = new MemoryArtifacts();
  const { outcome, folder } = await runSmall({ recipe: recipeOf(2), backend, artifacts, evaluate: true });
  expect(outcome.status).toBe("done");
  const [[id, kept]] = artifacts.kept;
  expect(id).toMatch(/^whitening-[0-9a-f]{20}$/);
  expect(kept.chunks.map(({ name }) => name)).toEqual(names);
  expect(kept.chunks.map(({ bytes }) => bytes / 4)).toEqual([64, 64 * 64, 64 * 64, 36 * 64, 18 * 64]);
  expect(kept.facts?.value).toEqual({ dimensions: 64, train: 36, test: 18 });
  const { iterations, residual } = kept.chunks[1].metrics;
  expect(iterations).toBeGreaterThan(3);
  expect(residual).toBeLessThan(1e-5);
  const again = await runSmall({ recipe: recipeOf(2), backend, artifacts, evaluate: true });
  expect(artifacts.kept.size).toBe(1);
  expect(kept.chunks).toHaveLength(5);
  expect(again.folder.result).toEqual(folder.result);

  // Files of JSON say what was done, and no more.
  const summary = new TextDecoder().decode(folder.files.get("evaluation.json"));
  expect(JSON.parse(summary).protocol.normaliser).toEqual({ kind: "zca", dimensions: 64 });
  expect(JSON.stringify(folder.events)).not.toContain("0.1,0.");
});

test("is fitted on what is not held out, and the held-out images are whitened by it", async () => {
  const artifacts = new MemoryArtifacts();
  const recipe = smallRecipe(
    { id: "dm", steps: 2 },
    { dataset: { normalise: "zca" }, evaluation: { everySteps: 1, validation: 0.25 } },
  );
  const counted = countValues(backend);
  const { folder } = await runSmall({ recipe, backend: counted.backend, artifacts, evaluate: true });
  expect(counted.live.size).toBe(0);
  const [[id, kept]] = artifacts.kept;
  expect(kept.facts?.value).toEqual({ dimensions: 64, train: 27, validation: 9, test: 18 });
  expect(kept.chunks.map(({ name }) => name)).toEqual([...names.slice(0, 4), "validation-00000", "test-00000"]);
  const chunk = (name: string) => new Float32Array((kept.bytes.get(name) as Uint8Array).slice().buffer);
  // Nine images alone are tested while it distils, and never more of the training images.
  const judged = counted.uploads.filter(({ shape }) => String(shape) === "9,1,8,8");
  expect(judged.length).toBeGreaterThan(0);
  expect(judged.some(({ data }) => String(data) === String(chunk("validation-00000")))).toBe(true);
  expect(folder.events.filter(({ type }) => type === "evaluation").length).toBeGreaterThan(2);
  // The mean of what was fitted on is nothing, that of the rest is not.
  const meanOf = (values: Float32Array) =>
    Math.hypot(
      ...Array.from({ length: 64 }, (_, d) => values.reduce((sum, v, i) => (i % 64 === d ? sum + v : sum), 0)),
    ) /
    (values.length / 64);
  expect(meanOf(chunk("train-00000"))).toBeLessThan(1e-3);
  expect(meanOf(chunk("validation-00000"))).toBeGreaterThan(0.1);

  // Another artifact than that of all training images, which keeps its name.
  await runSmall({ recipe: recipeOf(1), backend, artifacts });
  expect(artifacts.kept.size).toBe(2);
  expect([...artifacts.kept.keys()]).toContain(id);
});

test("images begin as real ones, whitened, and are looked at through the inverse", async () => {
  const { folder } = await runSmall({ recipe: recipeOf(0), backend });
  const set = setOf(folder.files);
  expect(set.normaliser.kind).toBe("zca");
  const bytes = (await train.source.read(0, train.size)) as Uint8Array;
  const real = Array.from({ length: train.size }, (_, i) => String(bytes.subarray(i * 64, (i + 1) * 64)));
  const { pixels, clipped } = toPixels(set);
  expect(clipped).toBe(0);
  for (let i = 0; i < 6; i++) {
    const found = real.indexOf(String(pixels.subarray(i * 64, (i + 1) * 64)));
    expect(Math.floor(found / 12), `image ${i}`).toBe(Math.floor(i / 2));
  }
});

test("networks are trained and tested on whitened images alone, by the transform of the set", async () => {
  const artifacts = new MemoryArtifacts();
  const counted = countValues(backend);
  const { folder } = await runSmall({ recipe: recipeOf(1), backend: counted.backend, artifacts, evaluate: true });
  expect(counted.live.size).toBe(0);
  const [kept] = artifacts.kept.values();
  const chunk = (name: string) => new Float32Array((kept.bytes.get(name) as Uint8Array).slice().buffer);
  const tested = counted.uploads.filter(({ shape }) => String(shape) === "18,1,8,8");
  expect(tested.length).toBeGreaterThan(0);
  for (const { data } of tested) expect(data).toEqual(chunk("test-00000"));

  // What is whitened when it is read, for a set from anywhere, is the same.
  const { normaliser } = setOf(folder.files);
  if (normaliser.kind !== "zca") throw new Error("the set is not whitened");
  expect(normaliser).toMatchObject({ mean: chunk("mean"), transform: chunk("transform"), inverse: chunk("inverse") });
  const runtime = new Runtime(backend);
  const whitener = new Whitener(runtime, normaliser);
  const order = Array.from({ length: testSet.size }, (_, i) => testSet.size - 1 - i);
  const { data } = await whitenSet(testSet, normaliser, whitener).images(order);
  whitener.free();
  const expected = order.flatMap((i) => [...chunk("test-00000").subarray(i * 64, (i + 1) * 64)]);
  expect(data).toEqual(Float32Array.from(expected));
});

test("a run without whitening prepares none", async () => {
  const artifacts = new MemoryArtifacts();
  await runSmall({ recipe: smallRecipe({ id: "dm", steps: 1 }), backend, artifacts });
  expect(artifacts.kept.size).toBe(0);
});

describe("a stop", () => {
  test("within the fit or after any chunk loses no chunk, and the run ends the same", async () => {
    const whole = new MemoryArtifacts();
    const { folder } = await runSmall({ recipe: recipeOf(2), backend, artifacts: whole });
    for (let k = 0; k < names.length; k++) {
      const artifacts = new MemoryArtifacts();
      const stops = k === 0 ? { stopAtOnce: true } : { stopsAt: ({ done }: { done: number }) => done === k };
      const stopped = await runSmall({ recipe: recipeOf(2), backend, artifacts, ...stops });
      // The signal is looked at before each chunk of images; the transform's three are written together.
      const kept = k === 0 ? 0 : Math.max(3, k);
      expect(stopped.outcome).toMatchObject({ status: "stopped", stage: "prepare", step: kept });
      expect([...artifacts.kept.values()][0].chunks).toHaveLength(kept);
      const resumed = await runSmall({ recipe: recipeOf(2), backend, artifacts });
      expect(resumed.outcome.status).toBe("done");
      expect(resumed.folder.result).toEqual(folder.result);
      expect([...artifacts.kept.values()][0].bytes).toEqual([...whole.kept.values()][0].bytes);
    }
  });

  test.each(["mean", "transform"])("by a crash after %s makes the rest of the transform again", async (last) => {
    const artifacts = new MemoryArtifacts();
    const { folder } = await runSmall({ recipe: recipeOf(1), backend, artifacts });
    const [kept] = artifacts.kept.values();
    const bytes = new Map(kept.bytes);
    for (const { name } of kept.chunks.splice(names.indexOf(last) + 1)) kept.bytes.delete(name);
    delete kept.facts;
    const { folder: resumed } = await runSmall({ recipe: recipeOf(1), backend, artifacts });
    expect(kept.bytes).toEqual(bytes);
    expect(resumed.result).toEqual(folder.result);
  });
});

test.each(["mean", "inverse", "train-00000", "test-00000"])("a cut %s is told, with the way out", async (name) => {
  const artifacts = new MemoryArtifacts();
  await runSmall({ recipe: recipeOf(1), backend, artifacts });
  const [kept] = artifacts.kept.values();
  kept.bytes.set(name, (kept.bytes.get(name) as Uint8Array).slice(4));
  const running = runSmall({ recipe: recipeOf(1), backend, artifacts, evaluate: true });
  await expect(running).rejects.toMatchObject({ code: "artifact-damaged", hint: expect.stringContaining("Delete it") });
});

test("says before it starts how long it takes and how much it keeps", async () => {
  const counted = countValues(backend);
  const wanted = prepareWhitening(
    { recipe: recipeOf(1), fingerprint: "f", runtime: new Runtime(counted.backend), evaluate: false },
    { train, test: testSet, init: "real" },
  );
  const { bytes, steps } = await (async () => {
    const artifacts = new MemoryArtifacts();
    await runSmall({ recipe: recipeOf(1), backend, artifacts });
    const [{ chunks }] = artifacts.kept.values();
    return { bytes: chunks.reduce((sum, chunk) => sum + chunk.bytes, 0), steps: chunks.length };
  })();
  expect(wanted).toMatchObject({ bytes, steps, title: "ZCA whitening" });
  let time = 0;
  // A second at each look: one for a fit of all images, which then takes as many iterations as usual, one for each chunk of images.
  const seconds = await wanted?.rehearse?.(() => (time += 1000));
  const operations = (iterations: number) => 36 + 3 * 64 * iterations;
  expect(seconds).toBeCloseTo(2 + operations(16) / operations(2), 6);
  expect(counted.live.size).toBe(0);
});
