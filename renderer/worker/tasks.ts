// What the window's Worker does: a run, an estimate, or the list of adapters.
import { type BackendChoice, chooseBackend } from "../../shared/api/choose-backend.ts";
import type { Client } from "../../shared/api/client.ts";
import {
  type EstimateAnswer,
  type EstimateRequest,
  estimateRequest,
  type WindowAdapters,
} from "../../shared/api/compute.ts";
import { createRemoteStore, openRemoteDataset } from "../../shared/api/remote-store.ts";
import { openRunDataset } from "../../shared/api/run-dataset.ts";
import { createStoredSet } from "../../shared/data/stored-set.ts";
import { type Backend, Runtime, type WebgpuBackend } from "../../shared/engine/index.ts";
import { estimateRun } from "../../shared/experiment/estimate.ts";
import { failureOf, requireTestImages, runSession } from "../../shared/experiment/session.ts";
import { invariant } from "../../shared/lib/invariant.ts";
import { listWindowAdapters, openWindowGpu } from "./gpu.ts";
import type { FromWorker, Task } from "./messages.ts";
import { type OnnxModule, openOnnx } from "./onnx.ts";
import { createReports } from "./reports.ts";

/** What a Worker finds around it. */
export interface World {
  readonly client: Client;
  readonly gpu: GPU | undefined;
  readonly loadOnnx: () => Promise<OnnxModule>;
  /** For WebAssembly. */
  readonly threads: number;
}

type Tell = (message: FromWorker) => void;
type TaskOf<T extends Task["type"]> = Extract<Task, { type: T }>;

/** Computes a task; the result is its last message. `stopping` is aborted from within, too, when the host passes it on. */
export async function runTask(task: Task, world: World, stopping: AbortController, tell: Tell): Promise<FromWorker> {
  switch (task.type) {
    case "run":
      return computeRun(task, world, stopping, tell);
    case "estimate":
      return { type: "estimated", answer: await estimate(task.request, world) };
    case "adapters":
      return { type: "listed", answer: await describeAdapters(world) };
    default:
      throw task satisfies never;
  }
}

async function computeRun(
  { runId, request, page }: TaskOf<"run">,
  world: World,
  stopping: AbortController,
  tell: Tell,
) {
  const { client } = world;
  const opened = await client.runs.get(runId);
  const { record } = opened;
  const store = createRemoteStore(client, opened, { page, onSession: (session) => tell({ type: "began", session }) });
  await using reports = createReports(store, () => stopping.abort());
  const { status } = await runSession({
    store,
    dataset: await openRunDataset(record, (id) => openRemoteDataset(client, id)),
    openRuntime: async (lost) => new Runtime(await openBackend(lost ?? chooseBackend(record, request), world)),
    evaluate: request.evaluate ?? record.evaluate !== false,
    signal: stopping.signal,
    clock: () => Date.now(),
    onProgress: reports.onProgress,
    onNotice: reports.onNotice,
  });
  return { type: "ended" as const, status };
}

async function estimate(request: EstimateRequest, world: World): Promise<EstimateAnswer> {
  const { recipe, evaluate, backend: wanted, adapter: name } = estimateRequest.parse(request);
  const dataset = await openRemoteDataset(world.client, request.dataset);
  if (evaluate) requireTestImages(dataset);
  const runtime = new Runtime(await openBackend({ backend: wanted, adapter: name }, world));
  const answer = await estimateRun({
    recipe,
    runtime,
    train: createStoredSet(dataset, "train"),
    test: createStoredSet(dataset, "test"),
    clock: () => performance.now(),
    evaluate,
  });
  const { backend, adapter } = runtime.backend.capabilities;
  const memoryBytes = isWebgpu(runtime.backend) ? runtime.backend.stats().peakBytes : undefined;
  return { estimate: answer, backend, adapter, ...(memoryBytes !== undefined && { memoryBytes }) };
}

const isWebgpu = (backend: Backend): backend is WebgpuBackend => "stats" in backend;

async function describeAdapters({ gpu, threads }: World): Promise<WindowAdapters> {
  try {
    return { adapters: await listWindowAdapters(gpu), threads };
  } catch (error) {
    return { adapters: [], threads, problem: failureOf(error) };
  }
}

type Wanted = BackendChoice | { readonly backend: "reference" };

async function openBackend(choice: Wanted, { gpu, loadOnnx, threads }: World): Promise<Backend> {
  invariant(choice.backend !== "reference", "the window has no reference backend");
  return choice.backend === "onnx" ? openOnnx(loadOnnx, threads) : openWindowGpu(gpu, choice.adapter);
}
