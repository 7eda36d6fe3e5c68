// The images of an unfinished run through the host: exact values, near real images, an export, and an end by hand.
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ChildCompute, createChildCompute } from "../../electron/compute/child-compute.ts";
import { folderOf } from "../../electron/host/datasets/index.ts";
import { createLog } from "../../electron/host/log.ts";
import type { Client } from "../../shared/api/client.ts";
import { fromSafetensors } from "../../shared/data/distilled-set.ts";
import { createSmallStore, newRunOf, type SmallStore, tinyChanges } from "../support/small-store.ts";

let small: SmallStore;
let compute: ChildCompute;
let host: ReturnType<SmallStore["open"]>["host"];
let client: Client;
const log = createLog();
beforeAll(async () => {
  small = await createSmallStore();
  compute = createChildCompute({ home: small.store.home, log });
  ({ host, client } = small.open({ compute, log }));
});
afterAll(async () => {
  await compute.dispose(1000);
  await small[Symbol.asyncDispose]();
});

const record = { checkpointEverySteps: 15, previewEverySteps: 20 };

async function createLong() {
  const changes = { ...tinyChanges, ipc: 2, method: { steps: 4000, realBatch: 8 }, record };
  return (await client.runs.create(await newRunOf(client, small.dataset, changes))).record.id;
}

/** Follows until an event of this step, then does what is asked, then to the end. */
async function follow(id: string, at: number, act: () => Promise<void>) {
  for await (const line of client.runs.follow(id)) if (line.type === "step" && line.step === at) await act();
}

test("a paused run shows exact values, finds near real images, is exported, and can be ended where it is", async () => {
  const id = await createLong();
  await client.runs.start(id);
  await follow(id, 70, () => client.runs.stop(id));
  const paused = (await client.runs.get(id)).record;
  expect(paused).toMatchObject({ status: "stopped", stage: "synthesise" });

  const steps = await client.runs.keptSteps(id);
  expect(steps.at(-1)).toBe(paused.step);
  const values = await client.runs.imageValues(id, paused.step);
  expect(values).toMatchObject({ step: paused.step, classNames: ["ant", "bee"], ipc: 2 });
  expect(values.images).toHaveLength(4);
  const picture = await host.request(client.runs.trainedUrl(id, paused.step));
  const { data, info } = await sharp(await picture.arrayBuffer())
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([2 * 9 + 1, 2 * 9 + 1]);
  // The lowest and the highest value of the set are on it as black and white.
  expect([Math.min(...data), Math.max(...data)]).toEqual([0, 255]);
  await expect(client.runs.imageValues(id, 1)).rejects.toMatchObject({ code: "step-not-kept" });

  // The images begin as real ones: at step 0 the nearest of the class is the image itself.
  const [start] = (await client.runs.nearest(id, { step: 0, image: 3, count: 5 })).images;
  expect(start.distance).toBeLessThan(1e-3);
  expect(start.index).toBeGreaterThanOrEqual(12);
  const now = await client.runs.nearest(id, { step: paused.step, image: 3, count: 5 });
  expect(now).toMatchObject({ isExact: true, step: paused.step, datasetId: small.dataset.id });
  expect(now.images.map(({ distance }) => distance)).toEqual(
    now.images.map(({ distance }) => distance).sort((a, b) => a - b),
  );
  expect(now.images[0].distance).toBeGreaterThan(start.distance);
  await expect(client.runs.nearest(id, { step: 0, image: 4 })).rejects.toMatchObject({ code: "bad-request" });
  const unwanted = { signal: AbortSignal.abort() };
  await expect(client.runs.nearest(id, { step: 0, image: 0 }, unwanted)).rejects.toThrow();
  expect(log.lines().join("\n")).not.toContain("nearest");

  const dir = small.at("paused-export");
  await client.runs.export(id, ["safetensors"], dir);
  const set = fromSafetensors(await readFile(join(dir, "distilled.safetensors")), "export");
  expect(set).toMatchObject({ classNames: ["ant", "bee"], ipc: 2, fingerprint: small.dataset.fingerprint });
  expect(Math.max(...set.images)).toBe(values.max);

  // Another run may begin with what it has so far.
  const [earlier] = await client.datasets.earlierSets(small.dataset.id);
  expect(earlier).toMatchObject({ id, ipc: 2, step: paused.step, picture: expect.stringMatching(/^\d{6}\.png$/) });
  const begin = { ...tinyChanges, ipc: 2, init: { set: id } };
  const begun = await client.runs.create(await newRunOf(client, small.dataset, begin));
  const initial = await client.runs.initial(begun.record.id);
  expect(fromSafetensors(initial, "initial").images).toEqual(set.images);
  const readme = await readFile(join(dir, "README.md"), "utf8");
  expect(readme).toContain(`**Unfinished:** these are the images of step ${paused.step} of 4000.`);
  expect(readme).toContain("This run is not evaluated yet.");

  await client.runs.finish(id);
  const lines = [];
  for await (const line of client.runs.follow(id)) lines.push(line);
  expect(lines.at(-1)).toEqual({ type: "ended", status: "done" });
  expect(lines).toContainEqual(expect.objectContaining({ type: "warning", code: "ended-early", step: paused.step }));
  expect((await client.runs.previews(id)).at(-1)?.step).toBe(paused.step);
  expect(fromSafetensors(await client.runs.distilled(id), "run").images).toEqual(set.images);
  expect((await client.runs.evaluation(id))?.results.map(({ set }) => set)).toEqual(["distilled", "random"]);
  await expect(client.runs.finish(id)).rejects.toMatchObject({ code: "run-done" });
}, 60_000);

test("a run that computes is ended within a step", async () => {
  const id = await createLong();
  await client.runs.start(id, { evaluate: false });
  await follow(id, 40, () => client.runs.finish(id));
  const { record: done } = await client.runs.get(id);
  expect(done.status).toBe("done");
  expect(done.step).toBeLessThan(4000);
  expect((await client.runs.imageValues(id, done.step)).step).toBe(done.step);
}, 30_000);

test("what needs the dataset says that it is gone", async () => {
  const id = await createLong();
  await client.runs.start(id, { evaluate: false });
  await follow(id, 20, () => client.runs.stop(id));
  await rm(folderOf(small.store, small.dataset.id), { recursive: true });
  await expect(client.runs.nearest(id, { step: 0, image: 0 })).rejects.toMatchObject({ code: "dataset-unknown" });
  await expect(client.runs.export(id, ["npz"], small.at("none"))).rejects.toMatchObject({ code: "dataset-unknown" });
}, 30_000);
