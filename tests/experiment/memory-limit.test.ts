// A session below a memory limit: smaller pieces that run.json remembers, the same bytes after a resume, and a refusal that writes nothing.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRunStore } from "../../electron/compute/run-store.ts";
import { openRunById } from "../../electron/host/runs/index.ts";
import type { Client } from "../../shared/api/client.ts";
import { openRemoteDataset } from "../../shared/api/remote-store.ts";
import { createWebgpuBackend, Runtime, type WebgpuBackend } from "../../shared/engine/index.ts";
import { fitStored } from "../../shared/experiment/planned-memory.ts";
import { runSession } from "../../shared/experiment/session.ts";
import type { Recipe } from "../../shared/recipe/index.ts";
import { webgpu } from "../support/backends.ts";
import { createSmallStore, newRunOf, type SmallStore } from "../support/small-store.ts";
import { swiftshaderMissing } from "../support/swiftshader.ts";
import { MemoryArtifacts } from "./memory-artifacts.ts";

const changes = {
  ipc: 6,
  init: "noise",
  network: { width: 4, depth: 1 },
  method: { steps: 5, realBatch: 2 },
  record: { checkpointEverySteps: 2, previewEverySteps: 5 },
};

let small: SmallStore;
let client: Client;
let opened: WebgpuBackend;
beforeAll(async () => {
  if (!swiftshaderMissing) opened = (await webgpu.open()) as WebgpuBackend;
  small = await createSmallStore();
  ({ client } = small.open());
});
afterAll(async () => {
  await small[Symbol.asyncDispose]();
  await opened?.dispose();
});

/** Backends of one device, each with memory of its own. */
const open = (memoryLimit?: number): WebgpuBackend =>
  createWebgpuBackend(opened.device, { adapter: opened.capabilities.adapter, software: true, memoryLimit });

async function run(id: string, memoryLimit?: number, stopAfter?: number) {
  await using store = await openRunStore(await openRunById(small.store.home, id));
  const stopping = new AbortController();
  const notices: string[] = [];
  const { status } = await runSession({
    store,
    artifacts: new MemoryArtifacts(),
    dataset: await openRemoteDataset(client, small.dataset.id),
    openRuntime: async () => new Runtime(open(memoryLimit)),
    evaluate: false,
    signal: stopping.signal,
    clock: () => 0,
    onProgress: ({ done }) => done === stopAfter && stopping.abort(),
    onNotice: (message) => notices.push(message),
  });
  const { path, record } = await client.runs.get(id);
  return { status, notices, record, set: () => readFile(join(path, "distilled.safetensors")) };
}

test.skipIf(swiftshaderMissing)(
  "a run below a limit takes smaller pieces, and the same ones when it goes on",
  async () => {
    const request = await newRunOf(client, small.dataset, changes);
    const create = async () => (await client.runs.create(request)).record.id;
    const recipe = request.recipe as Recipe;
    const dataset = await openRemoteDataset(client, small.dataset.id);
    const imagesAtOnce = Math.floor((recipe.ipc * dataset.manifest.classes.length) / 2);
    const fit = await fitStored(open(), { recipe, dataset, evaluate: false, imagesAtOnce });
    const limit = fit?.peakBytes as number;

    const whole = await run(await create(), limit);
    expect(whole.record).toMatchObject({ status: "done", imagesAtOnce });
    expect(whole.notices).toEqual([expect.stringContaining(`${imagesAtOnce} images go through the network at once`)]);

    const id = await create();
    expect(await run(id, limit, 3)).toMatchObject({ status: "stopped", record: { imagesAtOnce, step: 3 } });
    const resumed = await run(id);
    expect(resumed).toMatchObject({ status: "done", notices: [], record: { imagesAtOnce } });
    expect(await resumed.set()).toEqual(await whole.set());

    const refused = await create();
    await expect(run(refused, 1000)).rejects.toMatchObject({ code: "memory-limit" });
    expect((await client.runs.get(refused)).record).toMatchObject({ status: "created", sessions: [] });
  },
  120_000,
);
