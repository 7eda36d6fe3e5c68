// A finished run with a distilled set, an evaluation, events and previews, for the tests of exports and reports.
import {
  appendEvents,
  createRun,
  type Run,
  updateRun,
  writePreview,
  writeResult,
} from "../../../electron/host/runs/index.ts";
import type { EvaluationFile } from "../../../shared/api/runs.ts";
import { type DistilledSet, toSafetensors } from "../../../shared/data/distilled-set.ts";
import { sampleSet } from "../../data/sample-set.ts";
import { stepEvents } from "../runs/sample-events.ts";
import { newRun } from "../runs/sample-run.ts";

export const sampleEvaluation: EvaluationFile = {
  protocol: { id: "dm" },
  results: [
    { set: "distilled", ipc: 2, net: "convnet-3", width: 32, trials: [0.71, 0.7], mean: 0.705, std: 0.005 },
    { set: "random", ipc: 2, net: "convnet-3", width: 32, trials: [0.51, 0.53], mean: 0.52, std: 0.01 },
  ],
};

export async function finishedRun(root: string, set: DistilledSet = sampleSet()): Promise<Run> {
  const run = await createRun(root, { record: newRun });
  await writeResult(run, "distilled.safetensors", toSafetensors(set));
  await writeResult(run, "evaluation.json", JSON.stringify(sampleEvaluation));
  await appendEvents(run, stepEvents(50));
  for (const step of [0, 25, 50]) {
    await writePreview(run, step, { pixels: new Uint8Array(48).fill(step), width: 4, height: 4, channels: 3 });
  }
  await updateRun(run, { status: "done", step: 50, timings: { synthesise: 75.2 } });
  return run;
}
