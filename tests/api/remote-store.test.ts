// A session over the host's routes, as a page's Worker has it, gives the very files of a session on the disk.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRunStore } from "../../electron/compute/run-store.ts";
import { openRunById } from "../../electron/host/runs/index.ts";
import type { Client } from "../../shared/api/client.ts";
import { createRemoteStore, openRemoteDataset } from "../../shared/api/remote-store.ts";
import { createReferenceBackend, Runtime } from "../../shared/engine/index.ts";
import type { RunStore } from "../../shared/experiment/ports.ts";
import { runSession } from "../../shared/experiment/session.ts";
import { MemoryArtifacts } from "../experiment/memory-artifacts.ts";
import { createSmallStore, newRunOf } from "../support/small-store.ts";

const changes = {
  network: { width: 2, depth: 1 },
  method: { steps: 6, realBatch: 2 },
  evaluation: { nets: ["convnet-1"], trials: 1, epochs: 1 },
  record: { checkpointEverySteps: 4, previewEverySteps: 3 },
};

async function compute(client: Client, store: RunStore, dataset: string, stopAfter?: number) {
  const stop = new AbortController();
  const notices: string[] = [];
  const outcome = await runSession({
    store,
    artifacts: new MemoryArtifacts(),
    dataset: await openRemoteDataset(client, dataset),
    openRuntime: async () => new Runtime(createReferenceBackend()),
    evaluate: true,
    signal: stop.signal,
    clock: () => 0,
    onProgress: ({ done }) => {
      if (done === stopAfter) stop.abort();
    },
    onNotice: (message) => notices.push(message),
  });
  return { outcome, notices };
}

test("stopped, taken over and ended over HTTP: the same files as on the disk in one go", async () => {
  await using small = await createSmallStore();
  const { client } = small.open();
  const { id: dataset } = small.dataset;
  const make = async () => {
    const record = { ...(await newRunOf(client, small.dataset, changes)), backend: "reference" };
    return client.runs.create(record);
  };
  const local = await make();
  {
    await using store = await openRunStore(await openRunById(small.store.home, local.record.id));
    expect((await compute(client, store, dataset)).outcome).toMatchObject({ status: "done" });
  }

  const remote = await make();
  const reopen = () => client.runs.get(remote.record.id);
  const first = await compute(client, createRemoteStore(client, await reopen()), dataset, 3);
  expect(first.outcome).toMatchObject({ status: "stopped", step: 3 });
  // A page that begins and is reloaded at once: its session is still there, and the next page takes it over.
  const page = "this page";
  const lost = createRemoteStore(client, await reopen(), { page });
  let events = 0;
  for await (const _ of client.runs.events(remote.record.id)) events++;
  await lost.begin({ backend: "reference", adapter: "", events, stage: "synthesise", step: 3, evaluate: true });
  await expect(compute(client, createRemoteStore(client, await reopen()), dataset)).rejects.toMatchObject({
    code: "run-locked",
  });
  const again = await compute(client, createRemoteStore(client, await reopen(), { page }), dataset);
  expect(again.outcome).toMatchObject({ status: "done" });
  await expect(lost.report()).rejects.toMatchObject({ code: "session-over" });

  for (const name of ["distilled.safetensors", "evaluation.json", "previews/000006.png"]) {
    expect(await readFile(join(remote.path, name)), name).toEqual(await readFile(join(local.path, name)));
  }
  const eventsOf = async ({ record }: typeof remote) => {
    const all = [];
    for await (const event of client.runs.events(record.id)) all.push(event);
    return all;
  };
  expect(await eventsOf(remote)).toEqual(await eventsOf(local));
  expect((await reopen()).record).toMatchObject({ status: "done", sessions: [{}, {}, {}] });
});

test("a run that begins with an earlier set and judges its steps has the same files over HTTP, and its own copy", async () => {
  await using small = await createSmallStore();
  const { client } = small.open();
  const { id: dataset } = small.dataset;
  const make = async (more: object) => {
    const record = await newRunOf(client, small.dataset, { ...changes, ...more });
    return client.runs.create({ ...record, backend: "reference" });
  };
  const earlier = await make({ init: "herding", ipc: 2 });
  await compute(client, createRemoteStore(client, earlier), dataset);
  const evaluation = { ...changes.evaluation, everySteps: 4, validation: 0.25 };
  const begun = { init: { set: earlier.record.id }, ipc: 2, evaluation };
  const [local, remote] = [await make(begun), await make(begun)];
  // What the runs need of it is theirs.
  await client.runs.delete(earlier.record.id);
  {
    await using store = await openRunStore(await openRunById(small.store.home, local.record.id));
    expect((await compute(client, store, dataset)).outcome).toMatchObject({ status: "done" });
  }
  const open = await client.runs.get(remote.record.id);
  expect((await compute(client, createRemoteStore(client, open), dataset)).outcome).toMatchObject({ status: "done" });
  for (const name of ["initial.safetensors", "best.safetensors", "distilled.safetensors", "evaluation.json"]) {
    expect(await readFile(join(remote.path, name)), name).toEqual(await readFile(join(local.path, name)));
  }
  await expect(make({ ...begun, init: { set: local.record.id }, ipc: 3 })).rejects.toMatchObject({
    code: "bad-recipe",
    message: expect.stringContaining("the set has 2 images of each class, the recipe 3"),
  });
});
