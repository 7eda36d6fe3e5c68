// Runs in a real child process, started, followed, stopped, resumed and killed through the host.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type ChildCompute, createChildCompute } from "../../electron/compute/child-compute.ts";
import { forkChild } from "../../electron/compute/transport.ts";
import { createLog } from "../../electron/host/log.ts";
import type { Client } from "../../shared/api/client.ts";
import type { FollowLine } from "../../shared/api/compute.ts";
import { createSmallStore, newRunOf, type SmallStore, tinyChanges } from "../support/small-store.ts";

let small: SmallStore;
beforeAll(async () => {
  small = await createSmallStore();
});
afterAll(() => small[Symbol.asyncDispose]());

/** A host with a child of its own; `kill` ends the child as the system would. */
function open(): { client: Client; compute: ChildCompute; kill: () => void; log: ReturnType<typeof createLog> } {
  let kill = () => {};
  const log = createLog();
  const compute = createChildCompute({
    home: small.store.home,
    log,
    spawn: (onText) => {
      const port = forkChild(onText);
      kill = () => port.kill();
      return port;
    },
  });
  onTestFinished(() => compute.dispose(1000));
  return { ...small.open({ compute, log }), compute, log, kill: () => kill() };
}

async function create(client: Client, changes: object = {}) {
  const record = await newRunOf(client, small.dataset, { ...tinyChanges, ...changes });
  const { path, record: made } = await client.runs.create(record);
  return { id: made.id, path };
}

async function collect(lines: AsyncIterable<FollowLine>): Promise<FollowLine[]> {
  const all: FollowLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}
const ofType = <T extends FollowLine["type"]>(lines: readonly FollowLine[], type: T) =>
  lines.filter((line): line is Extract<FollowLine, { type: T }> => line.type === type);
const stepsOf = (lines: readonly FollowLine[]) => ofType(lines, "step").map(({ step }) => step);
const read = (path: string) => readFile(join(path, "distilled.safetensors"));
const upTo = (end: number) => Array.from({ length: end }, (_, index) => index + 1);

const long = { method: { steps: 4000, realBatch: 8 }, record: { checkpointEverySteps: 500, previewEverySteps: 1000 } };

test("a run is followed from its first event to its end, and gives what the store keeps", async () => {
  const { client } = open();
  const { id } = await create(client);
  await client.runs.start(id);
  await expect(client.runs.start(id)).rejects.toMatchObject({ code: "run-active" });
  const lines = await collect(client.runs.follow(id));
  expect(stepsOf(lines)).toEqual(upTo(60));
  expect(ofType(lines, "progress").length).toBeGreaterThan(0);
  expect(ofType(lines, "evaluation").map(({ set }) => set)).toEqual(["distilled", "random"]);
  expect(lines.at(-1)).toEqual({ type: "ended", status: "done" });
  const stored = [];
  for await (const event of client.runs.events(id)) stored.push(event);
  const sent = lines.filter((line) => "seq" in line);
  expect(sent).toEqual(stored);
  expect(sent.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index));
  expect((await client.runs.get(id)).record).toMatchObject({ status: "done", backend: "onnx", sessions: [{}] });
  expect((await client.runs.evaluation(id))?.results).toHaveLength(2);
  expect(await client.compute.state()).toEqual({ running: null, alsoRunning: [], queue: [] });
  await expect(client.runs.start(id)).rejects.toMatchObject({ code: "run-done" });
}, 30_000);

test("a stop and a start later give the same bytes as an undisturbed run; a second run waits its turn", async () => {
  const { client } = open();
  const steps = { method: { steps: 400, realBatch: 8 }, record: { checkpointEverySteps: 15, previewEverySteps: 400 } };
  const [first, second] = [await create(client, steps), await create(client, steps)];
  await client.runs.start(first.id, { evaluate: false });
  await client.runs.start(second.id, { evaluate: false });
  expect(await client.compute.state()).toMatchObject({
    running: { runId: first.id, where: "child" },
    queue: [second.id],
  });
  const seen: FollowLine[] = [];
  for await (const line of client.runs.follow(first.id)) {
    seen.push(line);
    if (line.type === "step" && line.step === 20) await client.runs.stop(first.id);
  }
  expect(seen.at(-1)).toEqual({ type: "ended", status: "stopped" });
  const { record } = await client.runs.get(first.id);
  expect(record).toMatchObject({ status: "stopped", stage: "synthesise" });
  expect(record.step).toBeLessThan(400);
  const events = seen.filter((line) => "seq" in line).length;

  expect((await collect(client.runs.follow(second.id))).at(-1)).toEqual({ type: "ended", status: "done" });
  await client.runs.start(first.id, { evaluate: false });
  const rest = await collect(client.runs.follow(first.id, events));
  expect(stepsOf(rest)).toEqual(upTo(400).slice(record.step));
  expect(await read(first.path)).toEqual(await read(second.path));
}, 40_000);

test("a killed child: the followers are told, the run is offered again, and goes on from its checkpoint", async () => {
  const { client, kill } = open();
  const { id } = await create(client, long);
  await client.runs.start(id, { evaluate: false });
  let events = 0;
  let last: FollowLine | undefined;
  for await (const line of client.runs.follow(id)) {
    if ("seq" in line) events++;
    if (line.type === "step" && line.step === 510) kill();
    last = line;
  }
  const error = { code: "compute-died", message: "The computing process ended unexpectedly (SIGKILL)." };
  expect(last).toMatchObject({ type: "ended", status: "stopped", error });
  expect((await client.runs.get(id)).record).toMatchObject({ status: "stopped", error, sessions: [{}] });

  await client.runs.start(id, { evaluate: false });
  const [cut] = await collectUntilStep(client, id, events);
  // What was written after the last checkpoint is computed again, and those who had it are told.
  expect(cut).toMatchObject({ type: "cut" });
  expect((cut as { events: number }).events).toBeLessThan(events);
  await client.runs.stop(id);
  const { record } = await client.runs.get(id);
  expect(record.sessions.at(-1)?.from.step).toBeGreaterThanOrEqual(500);
}, 30_000);

/** Follows until new steps come. */
async function collectUntilStep(client: Client, id: string, from: number): Promise<FollowLine[]> {
  const lines: FollowLine[] = [];
  for await (const line of client.runs.follow(id, from)) {
    if (line.type === "step") break;
    if (line.type !== "progress") lines.push(line);
  }
  return lines;
}

test("a run that is computed or waits is neither deleted nor renamed", async () => {
  const { client } = open();
  const [running, waiting] = [await create(client, long), await create(client)];
  for (const { id } of [running, waiting]) await client.runs.start(id, { evaluate: false });
  const refused = { code: "run-active", hint: "Pause it first." };
  for (const { id } of [running, waiting]) {
    await expect(client.runs.delete(id)).rejects.toMatchObject(refused);
    await expect(client.runs.update(id, { name: "another" })).rejects.toMatchObject(refused);
  }
  expect((await client.compute.state()).queue).toEqual([waiting.id]);
  await client.runs.stop(waiting.id);
  expect(await client.runs.update(waiting.id, { name: "another" })).toMatchObject({ name: "another" });
  expect(await client.runs.delete(waiting.id)).toEqual({ kept: [] });
  await client.runs.stop(running.id);
}, 20_000);

test("what keeps a run from beginning is told and written down", async () => {
  const { client } = open();
  const { id } = await create(client);
  await client.runs.start(id, { backend: "webgpu", adapter: "no such adapter" });
  const [last] = (await collect(client.runs.follow(id))).slice(-1);
  expect(last).toMatchObject({
    type: "ended",
    status: "failed",
    error: { code: expect.stringMatching(/adapter|webgpu/) },
  });
  expect((await client.runs.get(id)).record).toMatchObject({
    status: "failed",
    error: { message: expect.any(String) },
  });
}, 20_000);

test("an estimate is measured, and refused while a run is computed", async () => {
  const { client } = open();
  const { recipe } = await newRunOf(client, small.dataset, tinyChanges);
  const request = { recipe, dataset: small.dataset.id, backend: "onnx" } as Parameters<typeof client.runs.estimate>[0];
  const answer = await client.runs.estimate(request);
  expect(answer).toMatchObject({ backend: "onnx", estimate: { steps: 60 } });
  expect(answer.estimate.totalSeconds).toBeGreaterThan(0);
  expect(answer.isMemoryPlanned).toBe(false);
  expect(answer.memoryBytes).toBeGreaterThan(1e7);
  const { id } = await create(client, long);
  await client.runs.start(id);
  await expect(client.runs.estimate(request)).rejects.toMatchObject({ code: "compute-busy" });
}, 20_000);

test("the end of the program stops the run within a step and leaves one that resumes", async () => {
  const { client, compute } = open();
  const { id } = await create(client, long);
  await client.runs.start(id, { evaluate: false });
  const reached = collectUntilStep(client, id, 0);
  await reached;
  await compute.dispose();
  const { record } = await client.runs.get(id);
  expect(record).toMatchObject({ status: "stopped", stage: "synthesise" });
  const [newest] = await client.runs.checkpoints(id);
  expect(Number(newest.name)).toBe(record.step);
  await expect(client.runs.start(id)).rejects.toMatchObject({ code: "compute-busy" });
}, 20_000);
