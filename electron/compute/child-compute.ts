// Computes for the host in child processes: one run after the other, each in a process of its own that may die.

import { type AdapterList, type ProgressLine, type StartRequest, summariseProgress } from "../../shared/api/compute.ts";
import type { ErrorBody } from "../../shared/api/failure.ts";
import { describeError, UserError } from "../../shared/lib/user-error.ts";
import { endChecksOf } from "../host/check-marks.ts";
import { type Compute, type ComputeSignal, refuseActive } from "../host/compute.ts";
import type { Log } from "../host/log.ts";
import { openRunById, settleRun } from "../host/runs/index.ts";
import { createSignals } from "../host/signals.ts";
import { type FromChild, fromChild, type Task } from "./messages.ts";
import { type ChildPort, forkChild, type SpawnChild } from "./transport.ts";

type Where = Pick<StartRequest, "backend" | "adapter" | "memoryLimit">;

interface Waiting {
  readonly runId: string;
  readonly request: StartRequest;
}

interface Running {
  readonly runId: string;
  readonly port: ChildPort;
  readonly done: Promise<void>;
  progress: ProgressLine | undefined;
}

export interface ChildCompute extends Compute {
  /** Stops what runs, waits for it up to `waitMs`, then ends the process. Nothing can be started after it. */
  dispose(waitMs?: number): Promise<void>;
}

const DISPOSE_WAIT_MS = 20_000;

export function createChildCompute(input: {
  /** The store's folder. */
  readonly home: string;
  readonly log: Log;
  /** For requests that name neither. */
  readonly defaults?: Where | undefined;
  readonly spawn?: SpawnChild | undefined;
}): ChildCompute {
  const { home, log, defaults, spawn = forkChild } = input;
  const signals = createSignals<ComputeSignal>();
  const queue: Waiting[] = [];
  /** Of estimates and lists, to be ended with the program. */
  const helpers = new Set<ChildPort>();
  const listings = new Map<boolean, Promise<AdapterList>>();
  let running: Running | undefined;
  let isDisposed = false;

  const isActive = (runId: string) => running?.runId === runId || queue.some((each) => each.runId === runId);

  /** Starts a child on a task; `onMessage` gets all that it says, `onExit` why it ended. */
  const employ = (task: Task, onMessage: (message: FromChild) => void, onExit: (reason: string) => void): ChildPort => {
    const port = spawn((text) => log.write(text));
    port.onMessage((value) => {
      const parsed = fromChild.safeParse(value);
      if (!parsed.success) log.write(`the computing process said something else: ${parsed.error.message}`);
      else if (parsed.data.type === "ready") port.send(task);
      else onMessage(parsed.data);
    });
    port.onExit(onExit);
    return port;
  };

  const kill = (port: ChildPort): void => {
    const { pid } = port;
    port.kill();
    // A check that it was at is not one that crashed.
    if (pid !== undefined) endChecksOf(home, pid);
  };

  const startNext = (): void => {
    const next = queue.shift();
    if (!next || isDisposed) return;
    const { runId } = next;
    let ended: Extract<ComputeSignal, { type: "ended" }> | undefined;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const onMessage = (message: FromChild) => {
      switch (message.type) {
        case "progress":
          current.progress = message;
          return signals.send(runId, message);
        case "cut":
        case "notice":
        case "written":
          if (message.type === "notice") log.write(`run ${runId}: ${message.message}`);
          return signals.send(runId, message);
        case "ended":
        case "failed":
          // Told when the process is gone, so that the run can be started again at once.
          ended = { type: "ended", status: message.type === "ended" ? message.status : "failed", error: message.error };
          return;
        default:
          log.write(`an unexpected message of a run: ${message.type}`);
      }
    };
    const onExit = async (reason: string) => {
      const last = ended ?? (await settleDead(home, runId, reason));
      log.write(`run ${runId}: ${last.status}${last.error ? `, ${last.error.message}` : ""}`);
      running = undefined;
      signals.send(runId, last);
      resolve();
      startNext();
    };
    const task: Task = { type: "run", home, runId, request: next.request };
    const port = employ(task, onMessage, (reason) => void onExit(reason));
    const current: Running = { runId, port, done, progress: undefined };
    running = current;
    log.write(`run ${runId}: started`);
  };

  /** One answer of a child of its own; an abort ends it. */
  const askChild = (task: Task, signal?: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<FromChild>();
    const port = employ(
      task,
      (message) => (message.type === "failed" ? reject(toError(message.error)) : resolve(message)),
      (reason) => reject(new UserError("compute-died", diedMessage(reason), "Look into the log; try again.")),
    );
    helpers.add(port);
    const onAbort = () => {
      kill(port);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    return promise.finally(() => {
      signal?.removeEventListener("abort", onAbort);
      helpers.delete(port);
    });
  };

  return {
    state: () => ({
      running: running ? { runId: running.runId, where: "child", ...summariseProgress(running.progress) } : null,
      queue: queue.map(({ runId }) => runId),
    }),
    isActive,

    start(runId, request) {
      if (isDisposed) throw new UserError("compute-busy", "The program is ending.", "Start it again.");
      refuseActive({ isActive }, runId);
      const isOpen = request.backend === undefined && request.adapter === undefined;
      const { memoryLimit = defaults?.memoryLimit } = request;
      queue.push({ runId, request: { ...request, ...(isOpen ? defaults : {}), memoryLimit } });
      if (!running) startNext();
    },

    stop(runId) {
      const at = queue.findIndex((each) => each.runId === runId);
      if (at >= 0) {
        queue.splice(at, 1);
        // Not computed yet, so as it was: whoever follows reads its record.
        signals.send(runId, { type: "written" });
      }
      if (running?.runId === runId) {
        running.port.send({ type: "stop" });
      }
    },

    finish(runId) {
      const at = queue.findIndex((each) => each.runId === runId);
      if (at >= 0) queue[at] = { runId, request: { ...queue[at].request, finish: true } };
      if (running?.runId === runId) running.port.send({ type: "finish" });
    },

    follow(runId, listener) {
      if (running?.runId === runId && running.progress) listener(running.progress);
      return signals.listen(runId, listener);
    },

    async estimate(request, signal) {
      if (running) {
        throw new UserError(
          "compute-busy",
          "A run is computed now: an estimate would be too long.",
          "Wait for its end.",
        );
      }
      const isOpen = request.backend === "auto" && request.adapter === undefined;
      const where = { backend: defaults?.backend ?? request.backend, adapter: defaults?.adapter };
      const { memoryLimit = defaults?.memoryLimit } = request;
      const wanted = { ...request, ...(isOpen ? where : {}), memoryLimit };
      const task: Task = { type: "estimate", home, request: wanted };
      const message = await askChild(task, signal);
      if (message.type === "estimated") return message.answer;
      throw new Error(`an estimate was answered with ${message.type}`);
    },

    adapters({ measure }) {
      const wanted = measure && !running;
      // What was measured serves those who did not ask for it, too.
      const known = listings.get(true) ?? listings.get(wanted);
      if (known) return known;
      const listing = askChild({ type: "adapters", measure: wanted }).then((message) => {
        if (message.type === "listed") return message.answer;
        throw new Error(`the list of adapters was answered with ${message.type}`);
      });
      listings.set(wanted, listing);
      listing.catch(() => listings.delete(wanted));
      return listing;
    },

    async dispose(waitMs = DISPOSE_WAIT_MS) {
      isDisposed = true;
      queue.splice(0);
      for (const port of helpers) kill(port);
      if (!running) return;
      const { port, done } = running;
      port.send({ type: "stop" });
      const timer = setTimeout(() => kill(port), waitMs);
      await done;
      clearTimeout(timer);
    },
  };
}

/** A child that died without a word: what it had written down stands, and the run is offered again. */
async function settleDead(
  home: string,
  runId: string,
  reason: string,
): Promise<Extract<ComputeSignal, { type: "ended" }>> {
  try {
    const { record } = await settleRun(await openRunById(home, runId), {
      code: "compute-died",
      message: diedMessage(reason),
      hint: "Resume the run: it goes on from its last checkpoint.",
    });
    return { type: "ended", status: record.status, ...(record.error && { error: record.error }) };
  } catch (error) {
    const failure = { code: "compute-died", message: diedMessage(reason), hint: describeError(error) };
    return { type: "ended", status: "stopped", error: failure };
  }
}

const diedMessage = (reason: string) => `The computing process ended unexpectedly (${reason}).`;

const toError = ({ code, message, hint, problems }: ErrorBody) => new UserError(code, message, hint, { problems });
