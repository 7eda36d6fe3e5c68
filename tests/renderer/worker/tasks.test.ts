// What the window's Worker does, in Node: on WebGPU (Dawn, SwiftShader) and on WebAssembly, over the host's routes.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FromWorker } from "../../../renderer/worker/messages.ts";
import type { OnnxModule } from "../../../renderer/worker/onnx.ts";
import { runTask, type World } from "../../../renderer/worker/tasks.ts";
import type { Client } from "../../../shared/api/client.ts";
import type { FollowLine, StartRequest } from "../../../shared/api/compute.ts";
import { createSmallStore, newRunOf, type SmallStore } from "../../support/small-store.ts";
import { swiftshaderMissing, useSwiftshader } from "../../support/swiftshader.ts";

const changes = {
  network: { width: 4, depth: 1 },
  method: { steps: 16, realBatch: 4 },
  evaluation: { nets: ["convnet-1"], trials: 1, epochs: 1 },
  record: { checkpointEverySteps: 4, previewEverySteps: 8 },
};

let small: SmallStore;
let client: Client;
let world: World;
let name = "";
/** Those that were given out, newest last. */
const devices: GPUDevice[] = [];

const loadOnnx = async () => (await import("onnxruntime-web/wasm")) as unknown as OnnxModule;

/** Dawn's WebGPU, of SwiftShader, as a browser's, which keeps the devices that it gives. */
async function createGpu(): Promise<GPU> {
  // biome-ignore lint/correctness/useHookAtTopLevel: no hook of React.
  useSwiftshader();
  // Loaded only now that the driver is in place.
  const gpu = (await import("webgpu")).create([]);
  return {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options);
      if (!adapter) return null;
      const requestDevice = adapter.requestDevice.bind(adapter);
      adapter.requestDevice = async (descriptor) => {
        const device = await requestDevice(descriptor);
        devices.push(device);
        return device;
      };
      return adapter;
    },
  } as GPU;
}

beforeAll(async () => {
  small = await createSmallStore();
  ({ client } = small.open());
  world = {
    client,
    gpu: swiftshaderMissing ? undefined : await createGpu(),
    loadOnnx,
    threads: 1,
    reportEveryMs: 0,
  };
});
afterAll(() => small[Symbol.asyncDispose]());

async function create() {
  const { path, record } = await client.runs.create(await newRunOf(client, small.dataset, changes));
  return { id: record.id, read: (file: string) => readFile(join(path, file)) };
}

interface Conditions {
  readonly request?: StartRequest;
  /** Before the events of this step are handed over, `act` is done once, and the run followed from there. */
  readonly at?: number;
  readonly act?: () => Promise<void> | void;
}

async function compute(runId: string, { request = {}, at = Number.POSITIVE_INFINITY, act }: Conditions = {}) {
  const told: FromWorker[] = [];
  const lines: FollowLine[] = [];
  let following: Promise<void> | undefined;
  const follow = async () => {
    for await (const line of client.runs.follow(runId)) lines.push(line);
  };
  const appendEvents: Client["runs"]["appendEvents"] = async (id, events, session) => {
    if (!following && events.some((event) => event.type === "step" && event.step >= at)) {
      following = follow();
      await act?.();
    }
    return client.runs.appendEvents(id, events, session);
  };
  const around = { ...world, client: { ...client, runs: { ...client.runs, appendEvents } } };
  const task = { type: "run", runId, request, page: "page" } as const;
  const result = await runTask(task, around, wishes(), (message) => told.push(message));
  await following;
  return { result, told, lines };
}

const wishes = () => ({ stop: new AbortController(), finish: new AbortController() });

const places = [
  {
    title: "WebAssembly",
    request: () => ({ backend: "onnx" }) as const,
    adapter: /WebAssembly, 1 thread$/,
    evaluate: true,
  },
  ...(swiftshaderMissing
    ? []
    : [
        {
          title: "WebGPU",
          request: () => ({ backend: "webgpu", adapter: name }) as const,
          adapter: /SwiftShader/,
          // Compiling for SwiftShader takes long, and evaluations are the same code.
          evaluate: false,
        },
      ]),
];
const done = { type: "ended", status: "done" };

test.skipIf(swiftshaderMissing)("adapters are listed with what is known of them, software ones as such", async () => {
  const message = await runTask({ type: "adapters" }, world, wishes(), () => {});
  expect(message).toMatchObject({ type: "listed", answer: { threads: 1, adapters: [{ index: 0, software: true }] } });
  const { adapters } = (message as Extract<FromWorker, { type: "listed" }>).answer;
  ({ name } = adapters[0]);
  expect(name).toMatch(/SwiftShader/);
  expect(adapters[0].limits.maxStorageBufferBindingSize).toBeGreaterThan(2 ** 27);
});

test("a window without WebGPU says so, and lists nothing", async () => {
  const message = await runTask({ type: "adapters" }, { ...world, gpu: undefined }, wishes(), () => {});
  expect(message).toMatchObject({ answer: { adapters: [], problem: { code: "no-webgpu" } } });
});

describe.each(places)("on $title", ({ request, adapter, evaluate }) => {
  test("a run that another window stops and this one resumes ends in the bytes of an undisturbed one", async () => {
    const whole = await create();
    const { result, told } = await compute(whole.id, { request: { ...request(), evaluate } });
    expect([result, ...told]).toEqual([done, { type: "began", session: expect.any(String) }]);
    const { record } = await client.runs.get(whole.id);
    expect(record).toMatchObject({ status: "done", adapter: expect.stringMatching(adapter) });

    const paused = await create();
    const act = () => client.runs.stop(paused.id);
    const first = await compute(paused.id, { request: { ...request(), evaluate }, at: 5, act });
    expect(first.result).toEqual({ type: "ended", status: "stopped" });
    expect(first.lines.map(({ type }) => type)).toContain("progress");
    expect(first.lines.at(-1)).toEqual({ type: "ended", status: "stopped" });
    // Without being told where, it goes on as it began.
    expect((await compute(paused.id, { request: { evaluate } })).result).toEqual(done);
    for (const file of ["distilled.safetensors", ...(evaluate ? ["evaluation.json"] : [])]) {
      expect(await paused.read(file), file).toEqual(await whole.read(file));
    }
    expect(await client.compute.state()).toMatchObject({ running: null });
  }, 180_000);

  test("a distillation that another window ends early is what the run has", async () => {
    const { id } = await create();
    const act = () => client.runs.finish(id);
    const { result, lines } = await compute(id, { request: { ...request(), evaluate: false }, at: 5, act });
    expect(result).toEqual(done);
    const [warning] = lines.filter((line) => line.type === "warning");
    expect(warning).toMatchObject({ code: "ended-early" });
    expect((warning as { step: number }).step).toBeLessThan(16);
  }, 120_000);

  test("an estimate is measured", async () => {
    const { recipe } = await newRunOf(client, small.dataset, changes);
    const task = { type: "estimate", request: { recipe, dataset: small.dataset.id, evaluate, ...request() } };
    const message = await runTask(task as Parameters<typeof runTask>[0], world, wishes(), () => {});
    const isMemoryPlanned = request().backend === "webgpu";
    const answer = { adapter: expect.stringMatching(adapter), isMemoryPlanned, estimate: { steps: 16 } };
    expect(message).toMatchObject({ type: "estimated", answer });
  }, 60_000);
});

test.skipIf(swiftshaderMissing)(
  "a lost device is told to followers, and the run goes on in its session",
  async () => {
    const { id } = await create();
    const request = { backend: "webgpu", adapter: name, evaluate: false } as const;
    const { result, told, lines } = await compute(id, { request, at: 10, act: () => devices.at(-1)?.destroy() });
    expect(result).toEqual(done);
    // The same session began twice.
    expect(told).toEqual([told[0], told[0]]);
    const message = expect.stringMatching(/SwiftShader.* was lost\. .*goes on/);
    expect(lines.filter(({ type }) => type === "notice")).toEqual([{ type: "notice", message }]);
    expect(lines.at(-1)).toEqual(done);
  },
  180_000,
);

test("what keeps a run from beginning is thrown, and leaves the run as it was", async () => {
  const { id } = await create();
  const refused = compute(id, { request: { backend: "webgpu", adapter: "no such adapter" } });
  await expect(refused).rejects.toMatchObject({ code: swiftshaderMissing ? "no-webgpu" : "no-adapter" });
  expect((await client.runs.get(id)).record).toMatchObject({ status: "created", sessions: [] });
});
