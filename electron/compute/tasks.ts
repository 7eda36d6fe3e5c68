// What a computing child process does: a run, an estimate, or the list of adapters.

import { availableParallelism, cpus } from "node:os";
import { chooseBackend } from "../../shared/api/choose-backend.ts";
import { type AdapterList, answerOf, checkProgress, type EstimateAnswer } from "../../shared/api/compute.ts";
import { createProgressTeller } from "../../shared/api/progress-teller.ts";
import { openRunDataset } from "../../shared/api/run-dataset.ts";
import { measureDevice, Runtime } from "../../shared/engine/index.ts";
import { estimateStored } from "../../shared/experiment/estimate.ts";
import { failureOf, runSession } from "../../shared/experiment/session.ts";
import { openArtifactStore } from "../host/artifacts.ts";
import { openDataset } from "../host/datasets/index.ts";
import { openRunById, updateRun } from "../host/runs/index.ts";
import { openStore } from "../host/store.ts";
import { listAdapters, openWebgpu, type Remembering } from "./gpu.ts";
import type { FromChild, Task } from "./messages.ts";
import { openBackend } from "./open-backend.ts";
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
  try {
    const { status, error } = await runSession({
      store,
      artifacts: openArtifactStore(await openStore(home)),
      dataset: await openRunDataset(run.record, async (id) =>
        storedDatasetOf(await openDataset(await openStore(home), id)),
      ),
      openRuntime: async (lost) =>
        new Runtime(
          await openBackend(
            { ...(lost ?? chooseBackend(run.record, request)), memoryLimit: request.memoryLimit },
            remembering(home, tell),
          ),
        ),
      evaluate: request.evaluate ?? run.record.evaluate !== false,
      signal: wishes.stop,
      finish: request.finish ? AbortSignal.abort() : wishes.finish,
      clock: () => Date.now(),
      onProgress: createProgressTeller(
        (line) => tell({ ...line, memoryBytes: process.memoryUsage.rss() }),
        PROGRESS_EVERY_MS,
        () => Date.now(),
      ),
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

/** A new adapter is checked before its first run, which waits for it: as its progress. */
const remembering = (home: string, tell: Tell): Remembering => ({
  home,
  onNotice: (message) => tell({ type: "notice", message }),
  onProgress: (done, total) => tell(checkProgress(done, total)),
});

async function estimate({ home, request }: TaskOf<"estimate">): Promise<EstimateAnswer> {
  const { recipe, evaluate, backend: wanted, adapter: name, memoryLimit } = request;
  const store = await openStore(home);
  const dataset = storedDatasetOf(await openDataset(store, request.dataset));
  const artifacts = openArtifactStore(store);
  const runtime = new Runtime(
    await openBackend(
      { backend: wanted, adapter: name, memoryLimit },
      remembering(home, () => {}),
    ),
  );
  const clock = () => performance.now();
  const { estimate, planned } = await estimateStored({ recipe, runtime, dataset, artifacts, clock, evaluate });
  const { backend, adapter } = runtime.backend.capabilities;
  const measured = { memoryBytes: process.resourceUsage().maxRSS * 1024, isMemoryPlanned: false };
  return { estimate, ...(planned ? answerOf(planned) : measured), backend, adapter };
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
  const cpu = await describeCpu();
  const hasGpu = adapters.some(({ software }) => !software);
  const auto = hasGpu ? "webgpu" : cpu.runtime === undefined ? "none" : "onnx";
  return { adapters, cpu, auto, ...(problem && { problem }) };
}

/** The processor is there where ONNX Runtime has no library for it, too. */
async function describeCpu(): Promise<AdapterList["cpu"]> {
  const cpu = { model: cpus()[0]?.model ?? "unknown", threads: availableParallelism() };
  try {
    const onnx = await openBackend({ backend: "onnx" });
    const runtime = onnx.capabilities.adapter;
    await onnx.dispose();
    return { ...cpu, runtime };
  } catch (error) {
    return { ...cpu, problem: failureOf(error) };
  }
}
