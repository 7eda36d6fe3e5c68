// A whitened run through the host: distilled by the child process, paused, looked at, exported, read back, and evaluated from its file.
import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ChildCompute, createChildCompute } from "../../electron/compute/child-compute.ts";
import { openDataset } from "../../electron/host/datasets/index.ts";
import { createLog } from "../../electron/host/log.ts";
import type { Client } from "../../shared/api/client.ts";
import { createWorkplace } from "../cli/run-cli.ts";
import { parseNpy, parseSafetensors } from "../formats/independent-readers.ts";
import { createSmallStore, newRunOf, type SmallStore, tinyChanges } from "../support/small-store.ts";

let small: SmallStore;
let compute: ChildCompute;
let host: ReturnType<SmallStore["open"]>["host"];
let client: Client;
beforeAll(async () => {
  small = await createSmallStore();
  const log = createLog();
  compute = createChildCompute({ home: small.store.home, log });
  ({ host, client } = small.open({ compute, log }));
});
afterAll(async () => {
  await compute.dispose(1000);
  await small[Symbol.asyncDispose]();
});

const pixelsOf = async (bytes: ArrayBuffer | Uint8Array) => sharp(bytes).extractChannel(0).raw().toBuffer();

async function createRun(steps: number): Promise<string> {
  const changes = {
    ...tinyChanges,
    ...{ ipc: 2, dataset: { normalise: "zca" }, method: { steps, realBatch: 8 } },
    record: { checkpointEverySteps: 5000, previewEverySteps: 20 },
  };
  return (await client.runs.create(await newRunOf(client, small.dataset, changes))).record.id;
}

test("a whitened run is paused, shown through the inverse, exported and evaluated as any other", async () => {
  const id = await createRun(4000);
  await client.runs.start(id);
  for await (const line of client.runs.follow(id))
    if (line.type === "step" && line.step === 40) await client.runs.stop(id);
  const paused = (await client.runs.get(id)).record;
  expect(paused).toMatchObject({ status: "stopped", stage: "synthesise" });

  // The first images are real ones, to be found again in the pixels of the checkpoint's whitened numbers.
  const values = await client.runs.imageValues(id, 0);
  expect(values).toMatchObject({ space: "pixels", ipc: 2 });
  expect(values.min).toBeGreaterThan(-1e-4);
  expect(values.max).toBeLessThan(1 + 1e-4);
  const { images: near } = await client.runs.nearest(id, { step: 0, image: 3, count: 3 });
  expect(near[0].distance).toBeLessThan(1e-3);
  const dataset = await openDataset(small.store, small.dataset.id);
  const real = await dataset.readImages("train", { from: near[0].index, to: near[0].index + 1 });
  const [first] = await client.runs.previews(id);
  const preview = await pixelsOf(await (await host.request(client.runs.previewUrl(id, first.file))).arrayBuffer());
  const side = 2 * 9 + 1;
  // Class 1, image 1, one pixel of ground around each.
  const shown = Array.from({ length: 64 }, (_, p) => preview[(9 + 1 + Math.floor(p / 8)) * side + 9 + 1 + (p % 8)]);
  expect(shown.some((level, p) => level !== real[p])).toBe(false);
  const picture = await pixelsOf(await (await host.request(client.runs.trainedUrl(id, paused.step))).arrayBuffer());
  expect([Math.min(...picture), Math.max(...picture)]).toEqual([0, 255]);

  const dir = small.at("whitened");
  await client.runs.export(id, ["safetensors", "npz"], dir);
  const { tensors, metadata } = parseSafetensors(await readFile(join(dir, "distilled.safetensors")));
  expect(metadata.normaliser).toBe("zca");
  const read = async (name: string) => parseNpy(await readFile(join(dir, "zca", `${name}.npy`))).values as number[];
  const [mean, transform, inverse] = await Promise.all(["mean", "transform", "inverse"].map(read));
  for (const [name, array] of Object.entries({ mean, transform, inverse }))
    expect(tensors.get(`zca.${name}`)?.values, name).toEqual(array);
  // As numpy would: whitened test images and back are the pixels.
  const product = (row: readonly number[], matrix: readonly number[]) =>
    Array.from({ length: 64 }, (_, p) => row.reduce((sum, value, k) => sum + value * matrix[k * 64 + p], 0));
  const centred = Array.from(real, (level, p) => level / 255 - mean[p]);
  const back = product(product(centred, transform), inverse);
  for (const [p, value] of back.entries()) expect(255 * (value + mean[p])).toBeCloseTo(real[p], 2);

  await client.runs.finish(id);
  for await (const _ of client.runs.follow(id));
  const evaluation = await client.runs.evaluation(id);
  expect(evaluation?.protocol.normaliser).toEqual({ kind: "zca", dimensions: 64 });
  const answers = [client.runs.get(id), client.runs.imageValues(id, paused.step), client.runs.evaluation(id)];
  for (const answer of await Promise.all(answers)) expect(JSON.stringify(answer).length).toBeLessThan(10_000);

  // The command line, given the set's file and the pictures: the same networks, draws and images, so the same accuracies.
  await using place = await createWorkplace();
  const file = small.at("set.safetensors");
  await writeFile(file, await client.runs.distilled(id));
  const evaluated = await place.run("evaluate", file, "--data", small.at("animals"), "--backend", "onnx", "--json");
  expect(evaluated.stderr).not.toMatch(/error/i);
  expect(JSON.parse(evaluated.stdout)).toMatchObject({ protocol: evaluation?.protocol, results: evaluation?.results });
}, 60_000);

test("a whitening that was deleted or damaged is told, and made again by a run", async () => {
  const id = await createRun(4000);
  await client.runs.start(id, { evaluate: false });
  for await (const line of client.runs.follow(id))
    if (line.type === "step" && line.step === 20) await client.runs.stop(id);
  const { artifacts } = small.store;
  const [name] = (await readdir(artifacts)).filter((each) => each.startsWith("whitening-"));
  await truncate(join(artifacts, name, "inverse.bin"), 100);
  await expect(client.runs.imageValues(id, 0)).rejects.toMatchObject({ code: "artifact-damaged" });
  await client.runs.start(id, { evaluate: false });
  let last: unknown;
  for await (const line of client.runs.follow(id)) last = line;
  expect(last).toMatchObject({ type: "ended", status: "failed", error: { code: "artifact-damaged" } });
  await rm(join(artifacts, name), { recursive: true });
  await expect(client.runs.imageValues(id, 0)).rejects.toMatchObject({ code: "no-whitening" });
  await client.runs.start(id, { evaluate: false, finish: true });
  for await (const line of client.runs.follow(id)) last = line;
  expect(last).toEqual({ type: "ended", status: "done" });
  expect((await client.runs.imageValues(id, 0)).space).toBe("pixels");
}, 60_000);
