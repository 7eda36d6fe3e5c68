// Where runs are computed: what is offered, what is taken unasked, and where a run goes on.
import { expect, test } from "vitest";
import {
  createComputePlaces,
  currentPlace,
  lacksGpu,
  listOtherPlaces,
  listPlaces,
  missingChoice,
  type PlacesState,
  placeOfRun,
} from "../../renderer/stores/compute-places.ts";
import { createRunner } from "../../renderer/stores/runner.ts";
import type { AdapterList, ComputeState, WindowAdapters } from "../../shared/api/compute.ts";
import type { RunRecord } from "../../shared/api/runs.ts";

const adapter = (name: string, software = false): AdapterList["adapters"][number] => ({
  index: 0,
  name,
  description: "",
  vendor: "",
  architecture: "",
  backendType: "",
  software,
  limits: {},
  features: [],
});
const windowOf = (...adapters: AdapterList["adapters"]): WindowAdapters => ({ adapters, threads: 4 });
const childOf = (hasCpu: boolean, ...adapters: AdapterList["adapters"]): AdapterList => ({
  adapters,
  cpu: { model: "Epyc", threads: 4, ...(hasCpu && { runtime: "ONNX Runtime 1, native, 4 threads" }) },
  auto: "none",
});
const software = adapter("google swiftshader", true);
const windowGpu = adapter("nvidia ampere");
const childGpu = adapter("NVIDIA RTX");

const unknown: PlacesState = {
  host: "electron",
  window: undefined,
  child: undefined,
  windowError: undefined,
  childError: undefined,
  remembered: undefined,
  memoryLimit: undefined,
};
const idOf = (state: Partial<PlacesState>) => currentPlace({ ...unknown, ...state })?.id;

test("on the desktop: the window's GPU, else the host's, else the CPU in its own process, else in the window", () => {
  expect(idOf({ window: windowOf(software, windowGpu) })).toBe("window nvidia ampere");
  // A better one may still be told of.
  expect(idOf({ window: windowOf(software) })).toBeUndefined();
  expect(idOf({ child: childOf(true, childGpu) })).toBeUndefined();
  expect(idOf({ window: windowOf(software), child: childOf(true, software, childGpu) })).toBe("host NVIDIA RTX");
  expect(idOf({ window: windowOf(software), child: childOf(true, software) })).toBe("host cpu");
  expect(idOf({ window: windowOf(software), child: childOf(false, software) })).toBe("window cpu");
  expect(idOf({ windowError: new Error("no Worker"), child: childOf(true) })).toBe("host cpu");
  expect(idOf({ windowError: new Error("no Worker"), childError: new Error("no child") })).toBeUndefined();
});

test("in a browser the host decides, whatever else there is", () => {
  expect(idOf({ host: "server" })).toBe("auto");
  expect(idOf({ host: "server", window: windowOf(windowGpu), child: childOf(true, childGpu) })).toBe("auto");
  expect(idOf({ host: undefined })).toBeUndefined();
});

test("a choice is kept while it may be there, and named when it is not", () => {
  const remembered = "window google swiftshader";
  expect(idOf({ remembered, window: windowOf(windowGpu, software) })).toBe(remembered);
  expect(idOf({ host: "server", remembered })).toBeUndefined();
  const gone = { ...unknown, remembered, window: windowOf(windowGpu), child: childOf(true) };
  expect(idOf(gone)).toBe("window nvidia ampere");
  expect(missingChoice(gone)).toBe(remembered);
  expect(missingChoice({ ...gone, child: undefined })).toBeUndefined();
});

test("a window has no GPU when it knows of software only, or cannot tell", () => {
  expect(lacksGpu(unknown)).toBe(false);
  expect(lacksGpu({ ...unknown, window: windowOf(software) })).toBe(true);
  expect(lacksGpu({ ...unknown, window: windowOf(software, windowGpu) })).toBe(false);
  expect(lacksGpu({ ...unknown, windowError: new Error("no Worker") })).toBe(true);
});

test("a run's own place is the adapter that it was computed on", () => {
  const here = listPlaces({ ...unknown, window: windowOf(software), child: childOf(true, childGpu) });
  const of = (backend: string, name: string) => placeOfRun({ backend, adapter: name }, here)?.id;
  expect(of("webgpu", "NVIDIA RTX")).toBe("host NVIDIA RTX");
  expect(of("webgpu", "google swiftshader")).toBe("window google swiftshader");
  expect(of("webgpu", "another GPU")).toBeUndefined();
  expect(of("onnx", "ONNX Runtime 1.30.0, native, 2 threads")).toBe("host cpu");
  expect(of("onnx", "ONNX Runtime 1.30.0, WebAssembly, 8 threads")).toBe("window cpu");
});

test("the choice is written down, and lists that fail are known to have failed", async () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, v: string) => void kept.set(key, v),
  };
  const port = {
    app: async () => ({ host: "electron" as const }),
    window: async () => windowOf(software),
    child: () => Promise.reject(new Error("down")),
    storage,
  };
  const places = createComputePlaces(port);
  expect((await places.current())?.id).toBe("window cpu");
  expect(places.store.getState().childError).toEqual(new Error("down"));
  places.choose(listPlaces(places.store.getState())[0]);
  expect((await createComputePlaces(port).current())?.id).toBe("window google swiftshader");
  const remembered = () => createComputePlaces(port).store.getState().memoryLimit;
  expect(remembered()).toBeUndefined();
  places.limit(2e9);
  expect(remembered()).toBe(2e9);
  places.limit(undefined);
  expect(remembered()).toBeUndefined();
});

test("a memory limit goes with every start and every estimate", async () => {
  const { runner, log, places } = createWorld({});
  places.limit(2e9);
  await runner.start("r");
  await runner.estimate({ recipe: {}, dataset: "d" } as never, { signal: new AbortController().signal });
  const request = { backend: "webgpu", adapter: "nvidia ampere", memoryLimit: 2e9 };
  expect(log[0]).toEqual(["window", "r", request]);
  expect(log[1].slice(0, 2)).toEqual(["window estimate", { recipe: {}, dataset: "d", ...request }]);
});

/** A runner on places that are known, with a host and a window that note what they are asked. */
function createWorld(
  record: Partial<RunRecord>,
  state: Partial<PlacesState> = {},
  running: ComputeState["running"] = null,
) {
  const log: unknown[][] = [];
  const note =
    (what: string) =>
    async (...given: unknown[]) =>
      void log.push([what, ...given]);
  const places = createComputePlaces({
    app: async () => ({ host: state.host ?? "electron" }),
    window: async () => windowOf(software, windowGpu),
    child: async () => childOf(true, childGpu),
    storage: undefined,
  });
  const runner = createRunner({
    client: {
      runs: {
        get: async () =>
          ({ path: "", record: { id: "r", sessions: [], backend: "auto", adapter: "", ...record } }) as never,
        start: note("host") as never,
        stop: note("host stop") as never,
        finish: note("host finish") as never,
        estimate: note("host estimate") as never,
      },
      compute: { state: async () => ({ running, alsoRunning: [], queue: [] }) },
    },
    window: {
      start: note("window") as never,
      stop: (id) => void log.push(["window stop", id]),
      estimate: note("window estimate") as never,
    },
    places,
    askPlace: async (asked, offered) => {
      log.push(["asked", asked.adapter, offered.length]);
      return undefined;
    },
  });
  return { runner, log, places };
}
const session = { startedAt: "", from: { stage: "synthesise", step: 0 } } as never;

test("an early end is passed to whoever computes, and otherwise begins where the run is to go on", async () => {
  const computing = { runId: "r", where: "page", done: 1, total: 9, perSecond: 1, secondsLeft: null } as const;
  const busy = createWorld({}, {}, computing);
  expect(await busy.runner.finish("r")).toBe(true);
  expect(busy.log).toEqual([["host finish", "r"]]);
  const idle = createWorld({});
  expect(await idle.runner.finish("r")).toBe(true);
  expect(idle.log).toEqual([["window", "r", { backend: "webgpu", adapter: expect.any(String), finish: true }]]);
});

test("a new run starts at the chosen place, and an estimate is measured there", async () => {
  const { runner, log, places } = createWorld({});
  const request = { backend: "webgpu", adapter: "nvidia ampere" };
  expect(await runner.start("r")).toBe(true);
  expect(log).toEqual([["window", "r", request]]);
  await runner.estimate({ recipe: {}, dataset: "d" } as never, { signal: new AbortController().signal });
  expect(log[1].slice(0, 2)).toEqual(["window estimate", { recipe: {}, dataset: "d", ...request }]);
  await places.find();
  places.choose(listPlaces(places.store.getState()).find(({ id }) => id === "host cpu") as never);
  await runner.start("r");
  expect(log[2]).toEqual(["host", "r", { backend: "onnx" }]);
});

test("a run goes on where it was computed, whatever is chosen now", async () => {
  const { runner, log } = createWorld({ sessions: [session], backend: "webgpu", adapter: "NVIDIA RTX" });
  await runner.start("r");
  await runner.stop("r");
  expect(log).toEqual([
    ["host", "r", { backend: "webgpu", adapter: "NVIDIA RTX" }],
    ["window stop", "r"],
    ["host stop", "r"],
  ]);
});

test("a run can be taken to every place but its own, and one that has not begun to all but the chosen one", async () => {
  const { places, runner, log } = createWorld({});
  await places.find();
  const state = places.store.getState();
  const own = { id: "r", sessions: [session], backend: "webgpu", adapter: "NVIDIA RTX" } as unknown as RunRecord;
  const idsOf = (record: RunRecord, host: PlacesState["host"] = "electron") =>
    listOtherPlaces(record, { ...state, host }).map(({ id }) => id);
  expect(idsOf(own)).not.toContain("host NVIDIA RTX");
  expect(idsOf(own)).toHaveLength(4);
  expect(idsOf(own, "server")).not.toContain("auto");
  expect(idsOf({ ...own, adapter: "a GPU that was sold" })).toHaveLength(5);
  expect(idsOf({ ...own, sessions: [] })).not.toContain("window nvidia ampere");
  const cpu = listOtherPlaces(own, state).find(({ id }) => id === "host cpu");
  expect(await runner.start("r", cpu)).toBe(true);
  expect(log).toEqual([["host", "r", { backend: "onnx" }]]);
});

test("a run whose place is not here is started nowhere else unasked", async () => {
  const { runner, log } = createWorld({ sessions: [session], backend: "webgpu", adapter: "a GPU that was sold" });
  expect(await runner.start("r")).toBe(false);
  expect(log).toEqual([["asked", "a GPU that was sold", 5]]);
});
