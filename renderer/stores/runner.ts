// Who computes: now always the host's child process; a Worker of this page can join as a second runner.
import type { Client } from "../../shared/api/client.ts";
import type { StartRequest } from "../../shared/api/compute.ts";

export interface Runner {
  readonly kind: "child" | "worker";
  /** Starts a run, or goes on with it. */
  start(runId: string, request?: StartRequest): Promise<void>;
  /** Stops within one step; the run can go on later. */
  stop(runId: string): Promise<void>;
  /** Ends the distillation where it is and goes on with the evaluation; missing where the runner cannot. */
  finish?(runId: string): Promise<void>;
}

type RunnerPort = { readonly runs: Pick<Client["runs"], "start" | "stop" | "finish"> };

export function createChildRunner(client: RunnerPort): Runner {
  return {
    kind: "child",
    start: (runId, request = {}) => client.runs.start(runId, request),
    stop: (runId) => client.runs.stop(runId),
    finish: (runId) => client.runs.finish(runId),
  };
}

/** The only place that decides; callers know a Runner. */
export function chooseRunner(client: RunnerPort): Runner {
  return createChildRunner(client);
}
