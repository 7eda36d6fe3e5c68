// What a computing child process does: a run, an estimate, or the list of adapters.

import { availableParallelism, cpus } from "node:os";
import type { AdapterList, EstimateAnswer } from "../../shared/api/compute.ts";
import { createStoredSet } from "../../shared/data/stored-set.ts";
import { measureDevice, Runtime } from "../../shared/engine/index.ts";
import { estimateRun } from "../../shared/experiment/estimate.ts";
import type { Progress } from "../../shared/experiment/ports.ts";
import { failureOf, requireTestImages, runSession } from "../../shared/experiment/session.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { openDataset } from "../host/datasets/index.ts";
import { openRunById, type Run, updateRun } from "../host/runs/index.ts";
import { openStore } from "../host/store.ts";
import { listAdapters, openWebgpu } from "./gpu.ts";
import { type FromChild, isBackendChoice, type Task } from "./messages.ts";
import { type BackendChoice, openBackend } from "./open-backend.ts";
import { openRunStore } from "./run-store.ts";
import { storedDatasetOf } from "./stored-dataset.ts";

type Tell = (message: FromChild) => void;
/** What a person may wish while a run is computed. */
export interface Wishes {
  readonly stop: AbortSignal;
  /** Ends the distillation, and goes on with the evaluation. */
  readonly finish: AbortSignal;
}
type TaskOf<T extends Task["type"]> = Extract<Task, { type: T }>;

/** Computes a task; the result is its last message. */
export async function runTask(task: Task, wishes: Wishes, tell: Tell): Promise<FromChild> {
  switch (task.type) {
    case "run":
      return computeRun(task, wishes, tell);
    case "estimate":
      return { type: "estimated", answer: await estimate(task) };
    case "adapters":
      return { type: "listed", answer: await describeAdapters(task.measure) };
    default:
      throw task satisfies never;
  }
}

const PROGRESS_EVERY_MS = 100;

async function computeRun({ home, runId, request }: TaskOf<"run">, wishes: Wishes, tell: Tell) {
  const run = await openRunById(home, runId);
  await using files = await openRunStore(run);
  const store: typeof files = {
    ...files,
    appendEvents: async (events) => {
      await files.appendEvents(events);
      tell({ type: "written" });
    },
  };
  let toldAt = 0;
  const onProgress = (progress: Progress) => {
    const isLast = progress.done === progress.total;
    if (!isLast && Date.now() - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = Date.now();
    const secondsLeft = finiteOrNull(progress.secondsLeft);
    tell({ type: "progress", ...progress, secondsLeft, memoryBytes: process.memoryUsage.rss() });
  };
  try {
    const { status, error } = await runSession({
      store,
      dataset: await openDatasetOf(home, run),
      openRuntime: async () => new Runtime(await openBackend(chooseBackend(run, request))),
      evaluate: request.evaluate ?? run.record.evaluate !== false,
      signal: wishes.stop,
      finish: request.finish ? AbortSignal.abort() : wishes.finish,
      clock: () => Date.now(),
      onProgress,
      onNotice: (message) => tell({ type: "notice", message }),
      onBegin: ({ events }) => tell({ type: "cut", events }),
    });
    return { type: "ended" as const, status, ...(error && { error: failureOf(error) }) };
  } catch (error) {
    // Whatever kept it from beginning is to be seen later, too.
    const failure = failureOf(error);
    await updateRun(run, { status: "failed", error: failure }).catch(() => {});
    return { type: "ended" as const, status: "failed" as const, error: failure };
  }
}

/** A run goes on with what it began on, so that its bits stay the same, unless told otherwise. */
function chooseBackend({ record }: Run, request: TaskOf<"run">["request"]): BackendChoice {
  const began = isBackendChoice(record.backend) ? record.backend : "auto";
  const backend = request.backend ?? began;
  if (request.adapter !== undefined) return { backend, adapter: request.adapter };
  const isContinued = record.sessions.length > 0 && request.backend === undefined && began === "webgpu";
  return isContinued ? { backend, adapter: record.adapter } : { backend };
}

async function openDatasetOf(home: string, { record }: Run) {
  const { id, name, fingerprint } = record.dataset;
  const dataset = await openDataset(await openStore(home), id).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    const message = `${error.message} The run "${record.id}" needs it (${name}).`;
    throw new UserError(error.code, message, "Import it again.", { cause: error });
  });
  if (dataset.manifest.fingerprint === fingerprint) return storedDatasetOf(dataset);
  throw new UserError(
    "other-dataset",
    `The stored dataset ${id} does not hold the pictures that the run "${record.id}" began with.`,
    "Import the same pictures again, with the same options.",
  );
}

async function estimate({ home, request }: TaskOf<"estimate">): Promise<EstimateAnswer> {
  const { recipe, evaluate, backend: wanted, adapter: name } = request;
  const dataset = storedDatasetOf(await openDataset(await openStore(home), request.dataset));
  if (evaluate) requireTestImages(dataset);
  const runtime = new Runtime(await openBackend({ backend: wanted, adapter: name }));
  const answer = await estimateRun({
    recipe,
    runtime,
    train: createStoredSet(dataset, "train"),
    test: createStoredSet(dataset, "test"),
    clock: () => performance.now(),
    evaluate,
  });
  const { backend, adapter } = runtime.backend.capabilities;
  return { estimate: answer, memoryBytes: process.resourceUsage().maxRSS * 1024, backend, adapter };
}

async function describeAdapters(measure: boolean): Promise<AdapterList> {
  let problem: AdapterList["problem"];
  const listed = await listAdapters().catch((error: unknown) => {
    problem = failureOf(error);
    return [];
  });
  const adapters: AdapterList["adapters"] = [];
  for (const { features, limits, ...listing } of listed) {
    const adapter = { ...listing, features: [...features], limits: { ...limits } };
    if (!measure) {
      adapters.push(adapter);
      continue;
    }
    const backend = await openWebgpu({ adapter: adapter.name });
    const { gflops, gigabytesPerSecond } = await measureDevice(backend.device);
    await backend.dispose();
    adapters.push({ ...adapter, gflops, gigabytesPerSecond });
  }
  const onnx = await openBackend({ backend: "onnx" });
  const cpu = {
    model: cpus()[0]?.model ?? "unknown",
    threads: availableParallelism(),
    runtime: onnx.capabilities.adapter,
  };
  await onnx.dispose();
  const auto = adapters.some(({ software }) => !software) ? "webgpu" : "onnx";
  return { adapters, cpu, auto, ...(problem && { problem }) };
}

const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
