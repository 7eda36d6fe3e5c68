// What the host asks of whoever computes for it; the host itself knows no engine.

import type {
  AdapterList,
  ComputeState,
  EstimateAnswer,
  FollowLine,
  ResolvedEstimateRequest,
  StartRequest,
} from "../../shared/api/compute.ts";
import type { RunEvent } from "../../shared/api/runs.ts";
import { UserError } from "../../shared/lib/user-error.ts";

/** Throws UserError "run-active" where the host's own process computes the run, or has it in its queue. */
export function refuseActive(compute: Pick<Compute, "isActive"> | undefined, runId: string): void {
  if (!compute?.isActive(runId)) return;
  throw new UserError("run-active", `The run "${runId}" is computed already, or waits.`, "Pause it first.");
}

/** What is told of a run while it is computed; `written`: events.ndjson has grown. */
export type ComputeSignal = Exclude<FollowLine, RunEvent> | { readonly type: "written" };

export interface Compute {
  state(): Pick<ComputeState, "running" | "queue">;
  /** Whether the run is computed here, or waits for it. */
  isActive(runId: string): boolean;
  /** Computes the run, after those that wait. Throws UserError "run-active" when it is active already. */
  start(runId: string, request: StartRequest): void;
  /** Stops the run within a step, or takes it out of the queue. Does nothing for a run that is not active. */
  stop(runId: string): void;
  /** Ends the distillation within a step and goes on with the evaluation; a run that waits does so when its turn comes. */
  finish(runId: string): void;
  /** Tells of a run until the returned function is called; the newest progress at once. */
  follow(runId: string, listener: (signal: ComputeSignal) => void): () => void;
  /** Throws UserError "compute-busy" while a run is computed. */
  estimate(request: ResolvedEstimateRequest, signal: AbortSignal): Promise<EstimateAnswer>;
  /** With `measure`, and nothing running, also the peaks of every adapter: that takes seconds. */
  adapters(options: { readonly measure: boolean }): Promise<AdapterList>;
}
