// What the window and its computing Worker say to each other: one task a Worker, then messages until it is told off.
import type { AdapterIdentity } from "../../shared/api/adapter-notes.ts";
import type { EstimateAnswer, EstimateRequest, StartRequest, WindowAdapters } from "../../shared/api/compute.ts";
import type { ErrorBody } from "../../shared/api/failure.ts";
import type { RunRecord } from "../../shared/api/runs.ts";

export type Task =
  /** `page`: see sessionRequest in shared/api/sessions.ts. */
  | { readonly type: "run"; readonly runId: string; readonly request: StartRequest; readonly page: string }
  | { readonly type: "estimate"; readonly request: EstimateRequest }
  | { readonly type: "adapters" };

/** `stop` ends a run within a step. */
export type ToWorker = Task | { readonly type: "stop" };

export type FromWorker =
  /** The Worker listens. */
  | { readonly type: "ready" }
  /** The adapter is new, and so many of its kernels are checked: before a run begins, or an estimate. */
  | {
      readonly type: "checking";
      readonly done: number;
      readonly total: number;
      readonly identity: AdapterIdentity;
    }
  /** The run is this session's. */
  | { readonly type: "began"; readonly session: string }
  /** The last message of a task: one of these. A run that began has told the host how it ended. */
  | { readonly type: "ended"; readonly status: RunRecord["status"] }
  | { readonly type: "estimated"; readonly answer: EstimateAnswer }
  | { readonly type: "listed"; readonly answer: WindowAdapters }
  | { readonly type: "failed"; readonly error: ErrorBody };
