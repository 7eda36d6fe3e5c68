// Workers of the window as they are employed: begun, stopped, failed, late, and left with the page.
import { expect, test } from "vitest";
import type { FromWorker, ToWorker } from "../../../renderer/worker/messages.ts";
import { createWindowCompute } from "../../../renderer/worker/window-compute.ts";
import type { AdapterIdentity } from "../../../shared/api/adapter-notes.ts";
import type { EstimateRequest } from "../../../shared/api/compute.ts";

/** Workers that do nothing by themselves, and a host that notes how sessions ended. */
function open({ launchWithinMs = 1e6, running = null as { runId: string } | null } = {}) {
  const workers: {
    readonly received: ToWorker[];
    say: (message: FromWorker) => void;
    fail: (reason: string) => void;
    isAlive: boolean;
  }[] = [];
  const ended: unknown[][] = [];
  const marked: unknown[][] = [];
  const checked: number[][] = [];
  const compute = createWindowCompute({
    onChecking: (...given) => void checked.push(given),
    client: {
      runs: { endSession: async (...given) => void ended.push(given) },
      compute: {
        state: async () => ({ running, alsoRunning: [], queue: [] }) as never,
        markCheck: async (...given) => void marked.push(given),
      },
    },
    page: "this page",
    launchWithinMs,
    spawn: () => {
      const worker: (typeof workers)[number] = { received: [], say: () => {}, fail: () => {}, isAlive: true };
      workers.push(worker);
      return {
        send: (message) => void worker.received.push(message),
        onMessage: (listener) => {
          worker.say = listener;
        },
        onFailure: (listener) => {
          worker.fail = listener;
        },
        kill: () => {
          worker.isAlive = false;
        },
      };
    },
  });
  return { compute, workers, ended, checked, marked };
}
const identity: AdapterIdentity = { place: "window", name: "GPU", driver: "one" };
const request = { backend: "webgpu", adapter: "GPU" } as const;
const signal = new AbortController().signal;

test("a run has begun when its session has, is stopped by a message, and makes room when it ended", async () => {
  const { compute, workers, ended } = open();
  const starting = compute.start("a", request);
  const [worker] = workers;
  expect(worker.received).toEqual([]);
  worker.say({ type: "ready" });
  expect(worker.received).toEqual([{ type: "run", runId: "a", request, page: "this page" }]);
  worker.say({ type: "began", session: "s" });
  await starting;
  compute.stop("another");
  compute.stop("a");
  expect(worker.received.slice(1)).toEqual([{ type: "stop" }]);
  expect(compute.running()).toBe("a");
  worker.say({ type: "ended", status: "stopped" });
  expect(compute.running()).toBeUndefined();
  expect(worker.isAlive).toBe(false);
  expect(ended).toEqual([]);
});

test("one run at a time, and no estimate beside one, here or in the host", async () => {
  const { compute, workers } = open();
  void compute.start("a", request);
  const busy = { code: "compute-busy", message: expect.stringContaining('"a"') };
  await expect(compute.start("b", request)).rejects.toMatchObject(busy);
  await expect(compute.estimate({} as EstimateRequest, signal)).rejects.toMatchObject(busy);
  expect(workers).toHaveLength(1);
  const host = open({ running: { runId: "c" } });
  const besideHost = host.compute.estimate({} as EstimateRequest, signal);
  await expect(besideHost).rejects.toMatchObject({ code: "compute-busy", message: expect.stringContaining('"c"') });
});

test("what keeps a run from beginning rejects its start, and the next one is free", async () => {
  const { compute, workers } = open();
  const starting = compute.start("a", request);
  workers[0].say({ type: "failed", error: { code: "no-adapter", message: "none", hint: "look" } });
  await expect(starting).rejects.toMatchObject({ code: "no-adapter", hint: "look" });
  const again = compute.start("a", request);
  workers[1].say({ type: "began", session: "s" });
  await again;
});

test("the check of a new adapter is told as it goes, and its end also where it breaks off", async () => {
  const { compute, workers, checked, marked } = open();
  const starting = compute.start("a", request);
  workers[0].say({ type: "ready" });
  for (const done of [1, 2]) workers[0].say({ type: "checking", done, total: 2, identity });
  workers[0].say({ type: "began", session: "s" });
  await starting;
  workers[0].say({ type: "ended", status: "done" });
  expect(checked.splice(0)).toEqual([
    [1, 2],
    [2, 2],
  ]);
  const broken = compute.start("b", request);
  workers[1].say({ type: "ready" });
  expect(marked).toEqual([]);
  workers[1].say({ type: "checking", done: 1, total: 2, identity });
  workers[1].fail("it died");
  await expect(broken).rejects.toMatchObject({ code: "worker" });
  expect(checked[0]).toEqual([1, 2]);
  expect(checked.at(-1)).toEqual([0, 0]);
  // The window lives, so the adapter did not take it along.
  expect(marked).toEqual([[identity, false, { keepalive: true }]]);
});

test("a check that breaks off as nobody waits for it, or as the page is left, is none that crashed", async () => {
  const { compute, workers, marked } = open();
  const controller = new AbortController();
  const estimate = compute.estimate({} as EstimateRequest, controller.signal);
  await expect.poll(() => workers.length).toBe(1);
  workers[0].say({ type: "checking", done: 0, total: 1, identity });
  controller.abort();
  await expect(estimate).rejects.toThrow();
  expect(marked.splice(0)).toEqual([[identity, false, { keepalive: true }]]);
  const other = compute.estimate({} as EstimateRequest, signal);
  await expect.poll(() => workers.length).toBe(2);
  workers[1].say({ type: "checking", done: 1, total: 2, identity });
  compute.leave();
  expect(workers[1].isAlive).toBe(false);
  expect(marked).toEqual([[identity, false, { keepalive: true }]]);
  workers[1].say({ type: "failed", error: { code: "gone", message: "gone", hint: "" } });
  await expect(other).rejects.toMatchObject({ code: "gone" });
});

test("a Worker that cannot be loaded, or is late, says so with the way out", async () => {
  const broken = open();
  const starting = broken.compute.start("a", request);
  broken.workers[0].fail("its file did not load");
  await expect(starting).rejects.toMatchObject({ code: "worker", hint: expect.stringContaining("Compute on") });
  const asked = open({ launchWithinMs: 1 }).compute.adapters();
  await expect(asked).rejects.toMatchObject({ code: "worker", message: expect.stringContaining("did not start") });
});

test("a Worker that dies in its run ends the session, so that the run is offered at once", async () => {
  const { compute, workers, ended } = open();
  void compute.start("a", request);
  workers[0].say({ type: "ready" });
  workers[0].say({ type: "began", session: "s" });
  workers[0].fail("out of memory");
  expect(compute.running()).toBeUndefined();
  const error = expect.objectContaining({ code: "worker-died", message: expect.stringContaining("(out of memory)") });
  expect(ended).toEqual([["a", "s", expect.objectContaining({ status: "stopped", error })]]);
});

test("a page that is left ends its session by a request that outlives it", async () => {
  const { compute, workers, ended } = open();
  compute.leave();
  void compute.start("a", request);
  workers[0].say({ type: "began", session: "s" });
  compute.leave();
  expect(workers[0].isAlive).toBe(false);
  const outcome = expect.objectContaining({
    status: "stopped",
    error: expect.objectContaining({ code: "interrupted" }),
  });
  expect(ended).toEqual([["a", "s", outcome, { keepalive: true }]]);
});

test("adapters are asked for once, until again; an abort ends an estimate's Worker", async () => {
  const { compute, workers } = open();
  const first = compute.adapters();
  expect(compute.adapters()).toBe(first);
  const answer = { adapters: [], threads: 2 };
  workers[0].say({ type: "listed", answer });
  expect(await first).toEqual(answer);
  void compute.adapters(true).catch(() => {});
  expect(workers).toHaveLength(2);
  const stop = new AbortController();
  const estimate = compute.estimate({} as EstimateRequest, stop.signal);
  await expect.poll(() => workers.length).toBe(3);
  stop.abort(new Error("enough"));
  await expect(estimate).rejects.toThrow("enough");
  expect(workers[2].isAlive).toBe(false);
});
