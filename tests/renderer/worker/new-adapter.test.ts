// An adapter that is new: checked before its first run and measured, by the window's Worker and by the host's process; and the
// bits of a run on it, which stay the same when it is stopped and goes on. SwiftShader stands in for a GPU.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runTask as runInProcess } from "../../../electron/compute/tasks.ts";
import { listAdapterNotes } from "../../../electron/host/adapter-notes.ts";
import packageJson from "../../../package.json" with { type: "json" };
import type { FromWorker } from "../../../renderer/worker/messages.ts";
import { runTask, type World } from "../../../renderer/worker/tasks.ts";
import type { Client } from "../../../shared/api/client.ts";
import { createSmallStore, newRunOf, type SmallStore } from "../../support/small-store.ts";
import { swiftshaderMissing, useSwiftshader } from "../../support/swiftshader.ts";

const TIMEOUT_MS = 240_000;
const changes = {
  network: { width: 4, depth: 1 },
  method: { steps: 8, realBatch: 4 },
  record: { checkpointEverySteps: 2, previewEverySteps: 8 },
};

let small: SmallStore;
let client: Client;

/** SwiftShader under another name. */
async function createGpu(): Promise<GPU> {
  const gpu = (await import("webgpu")).create([]);
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = await gpu.requestAdapter(options);
    if (!adapter) return null;
    const { features, limits } = adapter;
    const info = { vendor: "acme", architecture: "one", device: "", description: "Acme One" };
    return { info, features, limits, requestDevice: adapter.requestDevice.bind(adapter) } as unknown as GPUAdapter;
  };
  return { requestAdapter } as GPU;
}

async function create() {
  const { path, record } = await client.runs.create(await newRunOf(client, small.dataset, changes));
  return { id: record.id, read: () => readFile(join(path, "distilled.safetensors")) };
}

describe.skipIf(swiftshaderMissing)("a new adapter", () => {
  beforeAll(async () => {
    useSwiftshader();
    small = await createSmallStore();
    ({ client } = small.open());
  });
  afterAll(() => small[Symbol.asyncDispose]());

  test(
    "in the window: one check, then the same bits, also of a run that was stopped and goes on",
    async () => {
      const wishes = { stop: new AbortController(), finish: new AbortController() };
      const world: World = {
        ...{ client, threads: 1, reportEveryMs: 0, gpu: await createGpu() },
        loadOnnx: () => Promise.reject(new Error("not asked for")),
      };
      const compute = async (runId: string, around = world, wish = wishes) => {
        const told: FromWorker[] = [];
        const request = { backend: "webgpu", evaluate: false } as const;
        const task = { type: "run", runId, request, page: "page" } as const;
        return { result: await runTask(task, around, wish, (message) => told.push(message)), told };
      };
      const whole = await create();
      const first = await compute(whole.id);
      expect(first.result).toEqual({ type: "ended", status: "done" });
      expect(first.told[0].type).toBe("checking");
      expect(first.told.at(-1)?.type).toBe("began");
      const [known] = (await client.compute.listNotes()).adapters;
      expect(known).toMatchObject({ place: "window", name: "Acme One", check: { disabled: [], unusable: [] } });
      expect(Object.keys(known.memory).map((key) => key.split(" ")[0])).toContain("conv2d");

      const paused = await create();
      const stop = { stop: new AbortController(), finish: new AbortController() };
      const appendEvents: Client["runs"]["appendEvents"] = async (id, events, session) => {
        if (events.some((event) => event.type === "step" && event.step >= 3)) stop.stop.abort();
        return client.runs.appendEvents(id, events, session);
      };
      const around = { ...world, client: { ...client, runs: { ...client.runs, appendEvents } } };
      const second = await compute(paused.id, around, stop);
      expect(second.result).toEqual({ type: "ended", status: "stopped" });
      expect(second.told.map(({ type }) => type)).toEqual(["began"]);
      expect((await compute(paused.id)).result).toEqual({ type: "ended", status: "done" });
      expect(await paused.read()).toEqual(await whole.read());
      expect((await client.compute.listNotes()).adapters).toEqual([known]);
    },
    TIMEOUT_MS,
  );

  test(
    "in the host's process: its check is the progress of its first run, and what was found is told",
    async () => {
      // Software adapters are used as they are, but where this asks for what a GPU gets.
      vi.stubEnv("STILLROOM_TUNE", "1");
      const { id } = await create();
      const told: unknown[] = [];
      const task = {
        type: "run",
        home: small.store.home,
        runId: id,
        request: { backend: "webgpu", adapter: "SwiftShader", evaluate: false },
      } as const;
      const wishes = { stop: new AbortController().signal, finish: new AbortController().signal };
      const result = await runInProcess(task, wishes, (message) => told.push(message));
      vi.unstubAllEnvs();
      expect(result).toEqual({ type: "ended", status: "done" });
      expect(told[0]).toMatchObject({ type: "notice", message: expect.stringMatching(/are checked on SwiftShader/) });
      expect(told[1]).toMatchObject({ type: "progress", unit: "kernel", done: 1 });
      const found = expect.stringMatching(/SwiftShader.*: all 19 kernels are right/);
      expect(told).toContainEqual({ type: "notice", message: found });
      const [known, ...others] = await listAdapterNotes(small.store.home, packageJson.version);
      expect(others).toEqual([]);
      expect(known).toMatchObject({ place: "process", name: expect.stringMatching(/SwiftShader/) });
      expect(Object.keys(known.memory).map((key) => key.split(" ")[0])).toContain("convInputGrad");
    },
    TIMEOUT_MS,
  );
});
