// The typed client against the host: what goes in comes out, and what is wrong is said as a UserError.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPageSessions } from "../../electron/host/page-sessions.ts";
import { openRunById } from "../../electron/host/runs/index.ts";
import { createSignals } from "../../electron/host/signals.ts";
import { createClient } from "../../shared/api/client.ts";
import type { FollowLine } from "../../shared/api/compute.ts";
import { toSafetensors } from "../../shared/data/distilled-set.ts";
import { sampleSet } from "../data/sample-set.ts";
import { sampleEvaluation } from "../host/export/sample-export.ts";
import { stepEvents } from "../host/runs/sample-events.ts";
import { createSmallStore, newRunOf, type SmallStore, tinyChanges } from "../support/small-store.ts";

let small: SmallStore;
beforeAll(async () => {
  small = await createSmallStore();
});
afterAll(() => small[Symbol.asyncDispose]());

const start = { backend: "webgpu", adapter: "GPU", events: 0, stage: "synthesise", step: 0, evaluate: false } as const;

test("datasets: import with progress, list, pixels, another name", async () => {
  const { client } = small.open();
  const seen: string[] = [];
  const again = await client.datasets.import(small.at("animals"), {}, ({ type }) => seen.push(type));
  expect(again).toMatchObject({ existing: true, manifest: { id: small.dataset.id } });
  const report = await client.datasets.inspect(small.at("animals"), { size: 4 }, ({ type }) => seen.push(type));
  expect(report).toMatchObject({ height: 4, classes: [{ name: "ant", train: 12, test: 4 }, { name: "bee" }] });
  expect(seen).toContain("progress");
  const { id } = small.dataset;
  const pixels = await client.datasets.images(id, "train", 1, 3);
  expect(pixels).toHaveLength(2 * small.dataset.channels * 64);
  expect(await client.datasets.rename(id, "  Beetles ")).toEqual({ ...small.dataset, name: "Beetles" });
  expect(await client.datasets.get(id)).toMatchObject({ name: "Beetles" });
  await expect(client.datasets.rename(id, " ")).rejects.toMatchObject({ code: "bad-request" });
  await expect(client.datasets.rename("0123456789abcdef", "x")).rejects.toMatchObject({ code: "dataset-unknown" });
  await expect(client.datasets.import(small.at("none"), {}, () => {})).rejects.toMatchObject({ code: "not-found" });
});

test("recipes: cards with schemas, and a choice resolved beside its preset", async () => {
  const { client } = small.open();
  const { seeds, methods, recipeSchema } = await client.recipes.list();
  expect(seeds.map(({ method }) => method)).toContain("dm");
  const properties = methods.find(({ id }) => id === "dm")?.optionsSchema.properties;
  expect(properties).toMatchObject({ steps: { default: 20_000, description: expect.any(String) } });
  expect(recipeSchema.properties).toHaveProperty("evaluation");
  const dataset = small.dataset.id;
  const { recipe, preset } = await client.recipes.resolve({
    recipe: "dm",
    dataset,
    variant: "small",
    changes: { ipc: 3 },
  });
  expect(preset).toMatchObject({ ipc: 1, dataset: { size: 8 }, method: { steps: 500 } });
  expect(recipe).toEqual({ ...preset, ipc: 3 });
});

test("recipes: every problem by its field", async () => {
  const { client } = small.open();
  const changes = { ipc: 0, method: { stepz: 5 }, network: { depth: 8 }, evaluation: { nets: ["resnet"] } };
  const failure = client.recipes.resolve({ recipe: "dm", dataset: small.dataset.id, changes });
  await expect(failure).rejects.toMatchObject({
    code: "bad-recipe",
    problems: [
      { path: "ipc" },
      { path: "method.stepz", message: "there is no such setting; did you mean method.steps?" },
      { path: "network.depth" },
      { path: "evaluation.nets" },
    ],
  });
  await expect(client.recipes.resolve({ recipe: "dn", dataset: small.dataset.id })).rejects.toMatchObject({
    code: "recipe-unknown",
    hint: "Did you mean dm?",
  });
});

test("a page's session: it alone writes, others follow, and its end is told", async () => {
  const { client } = small.open();
  const { record } = await client.runs.create(await newRunOf(client, small.dataset, tinyChanges));
  const { id } = record;
  const session = await client.runs.beginSession(id, start);
  expect((await client.runs.get(id)).record).toMatchObject({ status: "running", adapter: "GPU", sessions: [{}] });
  await expect(client.runs.beginSession(id, start)).rejects.toMatchObject({ code: "run-locked" });
  const events = stepEvents(6);
  await client.runs.appendEvents(id, events.slice(0, 3), session);
  await expect(client.runs.appendEvents(id, events.slice(3))).rejects.toMatchObject({ code: "session-over" });

  const lines: FollowLine[] = [];
  for await (const line of client.runs.follow(id)) {
    lines.push(line);
    if (lines.length === 3) await client.runs.appendEvents(id, events.slice(3), session);
    if (lines.length === 6) {
      await client.runs.endSession(id, session, {
        status: "stopped",
        stage: "synthesise",
        step: 6,
        seconds: { synthesise: 2 },
      });
    }
  }
  expect(lines).toEqual([...events, { type: "ended", status: "stopped" }]);
  expect((await client.runs.get(id)).record).toMatchObject({ status: "stopped", step: 6, timings: { synthesise: 2 } });
  await expect(client.runs.reportSession(id, session)).rejects.toMatchObject({ code: "session-over" });

  const tooFar = client.runs.beginSession(id, { ...start, events: 9 });
  await expect(tooFar).rejects.toMatchObject({ code: "events-missing" });
  // The refusal left no lock, and a reloaded page takes over from itself.
  const again = { ...start, events: 4, step: 4 };
  const second = await client.runs.beginSession(id, { ...again, page: "this page" });
  const refused = client.runs.beginSession(id, { ...again, page: "another page" });
  await expect(refused).rejects.toMatchObject({
    code: "run-locked",
    message: expect.stringContaining("another window"),
  });
  const third = await client.runs.beginSession(id, { ...again, page: "this page" });
  await expect(client.runs.reportSession(id, second)).rejects.toMatchObject({ code: "session-over" });
  await client.runs.reportSession(id, third);
  const kept = [];
  for await (const event of client.runs.events(id)) kept.push(event);
  expect(kept).toEqual(events.slice(0, 4));
  await client.runs.endSession(id, third, { status: "done" });
});

const progress = {
  type: "progress" as const,
  stage: "synthesise" as const,
  done: 3,
  total: 9,
  unit: "step" as const,
  perSecond: 2,
  secondsLeft: 3,
  note: "",
};

test("a page tells how its run goes, and hears from its reports that it is to stop", async () => {
  const { client } = small.open();
  const { id } = (await client.runs.create(await newRunOf(client, small.dataset, tinyChanges))).record;
  const session = await client.runs.beginSession(id, start);
  expect(await client.runs.reportSession(id, session, { progress })).toEqual({ stop: false, finish: false });
  const running = { runId: id, where: "page", stage: "synthesise", done: 3, total: 9, perSecond: 2, secondsLeft: 3 };
  expect(await client.compute.state()).toEqual({ running, alsoRunning: [], queue: [] });

  const lines: FollowLine[] = [];
  for await (const line of client.runs.follow(id)) {
    lines.push(line);
    if (line.type === "progress" && line.done === 3) {
      await client.runs.reportSession(id, session, { progress: { ...progress, done: 4 }, notice: "the GPU was lost" });
    }
    if (line.type === "notice") {
      await client.runs.stop(id);
      expect(await client.runs.reportSession(id, session)).toEqual({ stop: true, finish: false });
      await client.runs.endSession(id, session, { status: "stopped" });
    }
  }
  expect(lines).toEqual([
    progress,
    { ...progress, done: 4 },
    { type: "notice", message: "the GPU was lost" },
    { type: "ended", status: "stopped" },
  ]);
  expect(await client.compute.state()).toEqual({ running: null, alsoRunning: [], queue: [] });
});

test("a session begins anew in its place, and followers stay", async () => {
  const { client } = small.open();
  const { id } = (await client.runs.create(await newRunOf(client, small.dataset, tinyChanges))).record;
  const session = await client.runs.beginSession(id, start);
  await client.runs.appendEvents(id, stepEvents(5), session);
  await expect(client.runs.beginSession(id, start, "another")).rejects.toMatchObject({ code: "session-over" });
  const types: string[] = [];
  for await (const line of client.runs.follow(id)) {
    types.push(line.type);
    if (types.length === 5) {
      expect(await client.runs.beginSession(id, { ...start, events: 2, step: 2 }, session)).toBe(session);
    }
    if (line.type === "cut") await client.runs.endSession(id, session, { status: "stopped" });
  }
  expect(types).toEqual([...Array(5).fill("step"), "cut", "ended"]);
  expect((await client.runs.get(id)).record.sessions).toHaveLength(2);
});

test("a window that computes keeps others from an estimate and from starting its run", async () => {
  const { client } = small.open();
  const record = await newRunOf(client, small.dataset, tinyChanges);
  const { id } = (await client.runs.create(record)).record;
  const session = await client.runs.beginSession(id, start);
  const recipe = record.recipe as Parameters<typeof client.runs.estimate>[0]["recipe"];
  const estimate = client.runs.estimate({ recipe, dataset: small.dataset.id });
  await expect(estimate).rejects.toMatchObject({ code: "compute-busy" });
  await expect(client.runs.start(id)).rejects.toMatchObject({ code: "run-locked" });
  const hint = expect.stringMatching(/^Pause it first/);
  await expect(client.runs.delete(id)).rejects.toMatchObject({ code: "run-locked", hint });
  await expect(client.runs.update(id, { name: "another" })).rejects.toMatchObject({ code: "session-over" });
  await client.runs.reportSession(id, session, { progress: { ...progress, memoryBytes: 5e6 } });
  expect((await client.compute.state()).running).toMatchObject({ runId: id, memoryBytes: 5e6 });
  await client.runs.endSession(id, session, { status: "stopped" });
});

test("a page that was asked to stop and does not answer is given up", async () => {
  const { client } = small.open();
  const { record } = await client.runs.create(await newRunOf(client, small.dataset, tinyChanges));
  const sessions = createPageSessions(createSignals(), { silence: 1e9, stop: 30 });
  await sessions.begin(await openRunById(small.store.home, record.id), start);
  expect(sessions.stop(record.id)).toBe(true);
  await expect.poll(() => sessions.has(record.id)).toBe(false);
  expect(sessions.stop(record.id)).toBe(false);
  await expect
    .poll(async () => (await client.runs.get(record.id)).record)
    .toMatchObject({ status: "stopped", error: { code: "interrupted" } });
});

test("a follower that has more than the run, or is there when it is cut, is told what still holds", async () => {
  const { client } = small.open();
  const { record } = await client.runs.create(await newRunOf(client, small.dataset, tinyChanges));
  await client.runs.appendEvents(record.id, stepEvents(5));
  const collected = async (from: number) => {
    const lines: FollowLine[] = [];
    for await (const line of client.runs.follow(record.id, from)) lines.push(line);
    return lines;
  };
  const ended = { type: "ended", status: "created" };
  expect(await collected(8)).toEqual([{ type: "cut", events: 5 }, ended]);
  expect(await collected(3)).toEqual([...stepEvents(5).slice(3), ended]);
});

test("no run is made of a dataset that is not there, or holds other pictures by now", async () => {
  const { client } = small.open();
  const wanted = await newRunOf(client, small.dataset, tinyChanges);
  const before = (await client.runs.list()).runs.length;
  const gone = { ...wanted, dataset: { ...wanted.dataset, id: "0123456789abcdef" } };
  await expect(client.runs.create(gone)).rejects.toMatchObject({ code: "dataset-unknown" });
  const other = { ...wanted, dataset: { ...wanted.dataset, fingerprint: "other" } };
  await expect(client.runs.create(other)).rejects.toMatchObject({ code: "other-dataset" });
  expect((await client.runs.list()).runs).toHaveLength(before);
});

test("a page that is gone loses its session, not the run", async () => {
  const { client } = small.open();
  const { record } = await client.runs.create(await newRunOf(client, small.dataset, tinyChanges));
  const run = () => openRunById(small.store.home, record.id);
  const sessions = createPageSessions(createSignals(), { silence: 30, stop: 30 });
  await sessions.begin(await run(), start);
  await expect.poll(() => sessions.has(record.id)).toBe(false);
  await expect
    .poll(async () => (await run()).record)
    .toMatchObject({ status: "stopped", error: { code: "interrupted" } });
  // This host has no child process to go on with.
  const refused = () => client.runs.start(record.id).catch(({ code }) => code);
  await expect.poll(refused).toBe("no-compute"); // once its lock is released, too
});

test("a run whose program was killed is listed as stopped, and can go on", async () => {
  const { client } = small.open();
  const { record } = await client.runs.create(await newRunOf(client, small.dataset, tinyChanges));
  await client.runs.update(record.id, { status: "running" });
  const { runs } = await client.runs.list();
  expect(runs.find((each) => each.record.id === record.id)?.record).toMatchObject({
    status: "stopped",
    error: { code: "interrupted" },
  });
});

test("results, and an archive that holds byte for byte what an export writes", async () => {
  const { client, host } = small.open();
  const { record, path } = await client.runs.create(await newRunOf(client, small.dataset, tinyChanges));
  const { id } = record;
  expect(await client.runs.evaluation(id)).toBeUndefined();
  await client.runs.writeFile(id, "distilled.safetensors", toSafetensors(sampleSet()));
  await client.runs.writeFile(id, "evaluation.json", new TextEncoder().encode(JSON.stringify(sampleEvaluation)));
  expect(await client.runs.evaluation(id)).toEqual(sampleEvaluation);
  await client.runs.writeCheckpoint(id, "000004", new Uint8Array([1, 2]));
  expect(await client.runs.checkpoints(id)).toMatchObject([{ name: "000004", bytes: 2, modifiedAt: expect.any(Date) }]);
  expect(await client.runs.checkpoint(id, "000004")).toEqual(new Uint8Array([1, 2]));
  await client.runs.writePreview(id, 4, { pixels: new Uint8Array(12), width: 2, height: 2, channels: 3 });
  expect(await client.runs.previews(id)).toEqual([{ step: 4, file: "000004.png" }]);
  expect((await host.request(client.runs.previewUrl(id, "000004.png"))).status).toBe(200);

  await client.runs.update(id, { status: "done" });
  const formats = ["image-folder", "npz"];
  const plan = await client.runs.planExport(id, formats);
  const exported = await client.runs.export(id, formats);
  expect(exported).toMatchObject({ dir: join(path, "exports", "set") });
  const response = await host.request(client.runs.archiveUrl(id, formats));
  expect(response.headers.get("content-disposition")).toBe(`attachment; filename="${id}.zip"`);
  const zip = new ZipReader(new Uint8ArrayReader(new Uint8Array(await response.arrayBuffer())));
  const entries = (await zip.getEntries()).filter((entry) => !entry.directory);
  expect(entries).toHaveLength(plan.fileCount + 1);
  for (const entry of entries) {
    const bytes = await entry.getData(new Uint8ArrayWriter(), { checkSignature: true });
    expect(Buffer.from(bytes)).toEqual(await readFile(join(exported.dir, entry.filename)));
  }
  const unknown = await host.request(client.runs.archiveUrl(id, ["tiff"]));
  expect(await unknown.json()).toMatchObject({ code: "unknown-format" });
});

test("diagnostics are text without the name of the user's folder", async () => {
  const { client } = small.open({ log: { write: () => {}, lines: () => ["a line of the log"] } });
  const text = await client.diagnostics();
  expect(text).toMatch(/^Stillroom 1\.2\.3\nnode /);
  expect(text).toContain("a line of the log");
});

test("a host that is gone, that answers nonsense, and an abort", async () => {
  const gone = createClient(async () => {
    throw new TypeError("fetch failed");
  });
  await expect(gone.app()).rejects.toMatchObject({ code: "host-unreachable" });
  const nonsense = createClient(async () => new Response("<html>", { status: 200 }));
  await expect(nonsense.app()).rejects.toMatchObject({ code: "bad-answer" });
  const broken = createClient(async () => new Response("oops", { status: 502 }));
  await expect(broken.runs.list()).rejects.toMatchObject({
    code: "bad-answer",
    message: expect.stringContaining("502"),
  });
  const reason = new Error("enough");
  const aborted = createClient(async (_, init) => {
    init?.signal?.throwIfAborted();
    return new Response();
  });
  await expect(aborted.app({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("a session's folder that was deleted meanwhile is an error, not a crash", async () => {
  const { client } = small.open();
  const { record, path } = await client.runs.create(await newRunOf(client, small.dataset, tinyChanges));
  const session = await client.runs.beginSession(record.id, start);
  await rm(path, { recursive: true });
  await mkdir(path);
  await writeFile(join(path, "other.txt"), "");
  await expect(client.runs.endSession(record.id, session, { status: "done" })).rejects.toMatchObject({
    code: "run-not-found",
  });
});
