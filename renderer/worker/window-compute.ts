// Computes in Workers of this window: one run at a time, each task in a Worker of its own that may die.
import type { AdapterIdentity } from "../../shared/api/adapter-notes.ts";
import type { Client } from "../../shared/api/client.ts";
import type { EstimateAnswer, EstimateRequest, StartRequest, WindowAdapters } from "../../shared/api/compute.ts";
import { type SessionEnd, windowGone } from "../../shared/api/sessions.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import type { FromWorker, Task, ToWorker } from "./messages.ts";

/** A Worker, as far as it is needed here. */
export interface WorkerPort {
  send(message: ToWorker): void;
  onMessage(listener: (message: FromWorker) => void): void;
  /** It did not load, or threw what nobody caught. */
  onFailure(listener: (reason: string) => void): void;
  kill(): void;
}

export interface WindowCompute {
  /** Of this window. Asked once, until `again`. */
  adapters(again?: boolean): Promise<WindowAdapters>;
  /** Throws UserError "compute-busy" while a run is computed. */
  estimate(request: EstimateRequest, signal: AbortSignal): Promise<EstimateAnswer>;
  /** Resolves when the run has begun; rejects with what keeps it from that. */
  start(runId: string, request: StartRequest): Promise<void>;
  stop(runId: string): void;
  /** The run that is computed here. */
  running(): string | undefined;
  /** Lets go of the run and of checks, as the window is about to be gone. */
  leave(): void;
}

interface Running {
  readonly runId: string;
  readonly port: WorkerPort;
  session: string | undefined;
}

const LAUNCH_WITHIN_MS = 20_000;

const died = (reason: string): SessionEnd => ({
  status: "stopped",
  error: {
    code: "worker-died",
    message: `The Worker that computed this run ended unexpectedly (${reason}).`,
    hint: "Resume the run: it goes on from its last checkpoint. If it happens again, compute it in another place.",
  },
});

export function createWindowCompute(input: {
  readonly client: {
    readonly runs: Pick<Client["runs"], "endSession">;
    readonly compute: Pick<Client["compute"], "state" | "markCheck">;
  };
  readonly spawn: () => WorkerPort;
  /** Of this page alone: see sessionRequest. */
  readonly page: string;
  readonly launchWithinMs?: number;
  /** A new adapter's kernels are checked; the last call of a check has as many done as there are. */
  readonly onChecking?: ((done: number, total: number) => void) | undefined;
}): WindowCompute {
  const { client, spawn, page, launchWithinMs = LAUNCH_WITHIN_MS, onChecking } = input;
  let running: Running | undefined;
  let listing: Promise<WindowAdapters> | undefined;
  /** Ways to end the Workers that check an adapter. */
  const checks = new Set<() => void>();

  /** Starts a Worker on a task. What it says goes to `onMessage`; `onFailure` is the last that is heard of it. */
  const employ = (
    task: Task,
    onMessage: (message: FromWorker) => void,
    onFailure: (error: UserError, reason: string) => void,
  ) => {
    const port = spawn();
    let isReady = false;
    let checked: AdapterIdentity | undefined;
    const end = () => {
      clearTimeout(timer);
      port.kill();
      checks.delete(end);
      if (!checked) return;
      onChecking?.(0, 0);
      // The check ends for our sake, and did not crash: the adapter is to be checked again.
      void client.compute.markCheck(checked, false, { keepalive: true }).catch(() => {});
      checked = undefined;
    };
    const fail = (what: string, reason: string) => {
      end();
      const hint = "Reload the page. If it happens again, choose another place under “Compute on”.";
      onFailure(new UserError("worker", what, hint), reason);
    };
    const timer = setTimeout(
      () => fail(`This window's Worker did not start within ${launchWithinMs / 1000} seconds.`, "no answer"),
      launchWithinMs,
    );
    port.onMessage((message) => {
      if (message.type === "checking") {
        checked = message.done < message.total ? message.identity : undefined;
        if (checked) checks.add(end);
        else checks.delete(end);
        return onChecking?.(message.done, message.total);
      }
      if (message.type !== "ready") return onMessage(message);
      isReady = true;
      clearTimeout(timer);
      port.send(task);
    });
    port.onFailure((reason) =>
      fail(
        isReady ? `This window's Worker failed: ${reason}` : `This window's Worker could not be loaded: ${reason}`,
        reason,
      ),
    );
    return { ...port, kill: end };
  };

  /** The one answer of a Worker of its own; an abort ends it. */
  const ask = (task: Task, signal?: AbortSignal): Promise<FromWorker> => {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<FromWorker>();
    const port = employ(
      task,
      (message) => (message.type === "failed" ? reject(toError(message.error)) : resolve(message)),
      reject,
    );
    const onAbort = () => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    return promise.finally(() => {
      signal?.removeEventListener("abort", onAbort);
      port.kill();
    });
  };

  return {
    adapters(again = false) {
      if (listing && !again) return listing;
      const asked = ask({ type: "adapters" }).then((message) => {
        if (message.type === "listed") return message.answer;
        throw new Error(`the list of adapters was answered with ${message.type}`);
      });
      listing = asked;
      asked.catch(() => {
        if (listing === asked) listing = undefined;
      });
      return asked;
    },

    async estimate(request, signal) {
      const busy = running?.runId ?? (await client.compute.state()).running?.runId;
      if (busy !== undefined) {
        throw new UserError(
          "compute-busy",
          `The run "${busy}" is computed now: an estimate would be too long.`,
          "Wait for its end, or pause it.",
        );
      }
      const message = await ask({ type: "estimate", request }, signal);
      if (message.type === "estimated") return message.answer;
      throw new Error(`an estimate was answered with ${message.type}`);
    },

    start(runId, request) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      if (running) {
        reject(
          new UserError(
            "compute-busy",
            `This window computes the run "${running.runId}" now, and one at a time.`,
            "Pause that run first, wait for its end, or choose another place to compute.",
          ),
        );
        return promise;
      }
      const end = (current: Running) => {
        current.port.kill();
        if (running === current) running = undefined;
      };
      const onMessage = (message: FromWorker) => {
        if (message.type === "began") {
          current.session = message.session;
          return resolve();
        }
        end(current);
        // Once it has begun, the host knows how it ended.
        if (message.type === "failed") reject(toError(message.error));
        else resolve();
      };
      const onFailure = (error: UserError, reason: string) => {
        end(current);
        reject(error);
        const { session } = current;
        if (session === undefined) return;
        // Without this the host would wait for its silence.
        void client.runs.endSession(runId, session, died(reason)).catch(() => {});
      };
      const current: Running = {
        runId,
        port: employ({ type: "run", runId, request, page }, onMessage, onFailure),
        session: undefined,
      };
      running = current;
      return promise;
    },

    stop(runId) {
      if (running?.runId === runId) running.port.send({ type: "stop" });
    },

    running: () => running?.runId,

    leave() {
      for (const end of checks) end();
      if (!running) return;
      const { runId, session, port } = running;
      running = undefined;
      port.kill();
      if (session === undefined) return;
      void client.runs.endSession(runId, session, windowGone, { keepalive: true }).catch(() => {});
    },
  };
}

const toError = ({ code, message, hint, problems }: Extract<FromWorker, { type: "failed" }>["error"]) =>
  new UserError(code, message, hint, { problems });
