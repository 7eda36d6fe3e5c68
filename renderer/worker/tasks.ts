// What the window's Worker does: a run, an estimate, or the list of adapters.
import type { AdapterIdentity } from "../../shared/api/adapter-notes.ts";
import { type BackendChoice, chooseBackend } from "../../shared/api/choose-backend.ts";
import type { Client } from "../../shared/api/client.ts";
import {
  answerOf,
  type EstimateAnswer,
  type EstimateRequest,
  estimateRequest,
  type WindowAdapters,
} from "../../shared/api/compute.ts";
import { createRemoteArtifacts } from "../../shared/api/remote-artifacts.ts";
import { createRemoteStore, openRemoteDataset } from "../../shared/api/remote-store.ts";
import { openRunDataset } from "../../shared/api/run-dataset.ts";
import { type Backend, Runtime } from "../../shared/engine/index.ts";
import { estimateStored } from "../../shared/experiment/estimate.ts";
import { isWebgpu } from "../../shared/experiment/planned-memory.ts";
import { failureOf, runSession } from "../../shared/experiment/session.ts";
import { invariant } from "../../shared/lib/invariant.ts";
import { listWindowAdapters, openWindowGpu } from "./gpu.ts";
import type { FromWorker, Task } from "./messages.ts";
import { type OnnxModule, openOnnx } from "./onnx.ts";
import { createReports, type Wishes } from "./reports.ts";

/** What a Worker finds around it. */
export interface World {
  readonly client: Client;
  readonly gpu: GPU | undefined;
  readonly loadOnnx: () => Promise<OnnxModule>;
  /** For WebAssembly. */
  readonly threads: number;
  /** At most so often the host is told how a run goes. */
  readonly reportEveryMs: number;
}

type Tell = (message: FromWorker) => void;
type TaskOf<T extends Task["type"]> = Extract<Task, { type: T }>;

/** Computes a task; the result is its last message. `wishes` are aborted from within, too, when the host passes them on. */
export async function runTask(task: Task, world: World, wishes: Wishes, tell: Tell): Promise<FromWorker> {
  switch (task.type) {
    case "run":
      return computeRun(task, world, wishes, tell);
    case "estimate":
      return { type: "estimated", answer: await estimate(task.request, world, tell) };
    case "adapters":
      return { type: "listed", answer: await describeAdapters(world) };
    default:
      throw task satisfies never;
  }
}

async function computeRun({ runId, request, page }: TaskOf<"run">, world: World, wishes: Wishes, tell: Tell) {
  const { client } = world;
  const opened = await client.runs.get(runId);
  const { record } = opened;
  // The host takes notices of a session only.
  let notices: string[] | undefined = [];
  const store = createRemoteStore(client, opened, {
    page,
    onSession: (session) => {
      tell({ type: "began", session });
      for (const notice of notices ?? []) reports.onNotice(notice);
      notices = undefined;
    },
  });
  let backend: Backend | undefined;
  await using reports = createReports(store, wishes, world.reportEveryMs, () =>
    backend ? measureMemory(backend) : undefined,
  );
  if (request.finish) wishes.finish.abort();
  const { status } = await runSession({
    store,
    artifacts: createRemoteArtifacts(client),
    dataset: await openRunDataset(record, (id) => openRemoteDataset(client, id)),
    openRuntime: async (lost) => {
      backend = await openBackend(
        lost ?? chooseBackend(record, request),
        request.memoryLimit,
        world,
        tell,
        (notice) => {
          if (notices) notices.push(notice);
          else reports.onNotice(notice);
        },
      );
      return new Runtime(backend);
    },
    evaluate: request.evaluate ?? record.evaluate !== false,
    signal: wishes.stop.signal,
    finish: wishes.finish.signal,
    clock: () => Date.now(),
    onProgress: reports.onProgress,
    onNotice: reports.onNotice,
  });
  return { type: "ended" as const, status };
}

async function estimate(request: EstimateRequest, world: World, tell: Tell): Promise<EstimateAnswer> {
  const { recipe, evaluate, backend: wanted, adapter: name, memoryLimit } = estimateRequest.parse(request);
  const dataset = await openRemoteDataset(world.client, request.dataset);
  const artifacts = createRemoteArtifacts(world.client);
  const runtime = new Runtime(await openBackend({ backend: wanted, adapter: name }, memoryLimit, world, tell));
  const clock = () => performance.now();
  const { estimate: answer, planned } = await estimateStored({ recipe, runtime, dataset, artifacts, clock, evaluate });
  const { backend, adapter } = runtime.backend.capabilities;
  return { estimate: answer, ...(planned ? answerOf(planned) : { isMemoryPlanned: false }), backend, adapter };
}

/** The most that its values and programs took on the adapter; of WebAssembly nothing is known. */
const measureMemory = (backend: Backend): number | undefined =>
  isWebgpu(backend) ? backend.stats().peakBytes : undefined;

async function describeAdapters({ gpu, threads }: World): Promise<WindowAdapters> {
  try {
    return { adapters: await listWindowAdapters(gpu), threads };
  } catch (error) {
    return { adapters: [], threads, problem: failureOf(error) };
  }
}

type Wanted = BackendChoice | { readonly backend: "reference" };

async function openBackend(
  choice: Wanted,
  memoryLimit: number | undefined,
  { client, gpu, loadOnnx, threads }: World,
  tell: Tell,
  onNotice: (message: string) => void = () => {},
): Promise<Backend> {
  invariant(choice.backend !== "reference", "the window has no reference backend");
  if (choice.backend === "onnx") return openOnnx(loadOnnx, threads);
  const onProgress = (done: number, total: number, identity: AdapterIdentity) =>
    tell({ type: "checking", done, total, identity });
  return openWindowGpu(gpu, choice.adapter, memoryLimit, { client, onNotice, onProgress });
}
