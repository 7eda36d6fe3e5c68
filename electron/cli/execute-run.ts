// Runs an experiment in a run folder, from its start or from its last good checkpoint.

import { type Checkpoint, decodeCheckpoint } from "../../shared/experiment/checkpoint.ts";
import type { RunPort } from "../../shared/experiment/ports.ts";
import { runExperiment } from "../../shared/experiment/run.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { type Recipe, recipeSchema } from "../../shared/recipe/index.ts";
import type { Dataset } from "../host/datasets/index.ts";
import {
  appendEvents,
  cutEvents,
  listCheckpoints,
  lockFolder,
  type Run,
  readCheckpoint,
  updateRun,
  writeCheckpoint,
  writePreview,
  writeResult,
} from "../host/runs/index.ts";
import type { Cli } from "./cli.ts";
import { imageSetOf, requireTestImages } from "./datasets.ts";

export function portOf(run: Run): RunPort {
  return {
    appendEvents: (events) => appendEvents(run, events),
    writeCheckpoint: (name, bytes) => writeCheckpoint(run, name, bytes),
    writePreview: async (step, { pixels, width, height, channels }) => {
      await writePreview(run, step, { pixels, width, height, channels: channels === 1 ? 1 : 3 });
    },
    writeFile: (name, bytes) => writeResult(run, name, bytes),
  };
}

/** The newest checkpoint that can be read; a damaged one is named and passed over. */
async function lastCheckpoint(cli: Cli, run: Run): Promise<Checkpoint | undefined> {
  for (const { name } of await listCheckpoints(run)) {
    const file = `checkpoints/${name}.safetensors`;
    try {
      return decodeCheckpoint(await readCheckpoint(run, name), file);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      cli.output.warn(`${error.message} The one before it is used.`);
    }
  }
  return undefined;
}

export function recipeOf(run: Run): Recipe {
  const parsed = recipeSchema.safeParse(run.record.recipe);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new UserError(
    "bad-recipe",
    `The recipe in ${run.path}/run.json cannot be used: ${problems.join("; ")}.`,
    "Restore the file, or distil again.",
  );
}

/** Computes the run until it is done, stopped or failed. Throws UserError "stopped" or what made it fail. */
export async function executeRun(cli: Cli, run: Run, dataset: Dataset, evaluate: boolean): Promise<void> {
  await using _lock = await lockFolder(run.path);
  const recipe = recipeOf(run);
  if (evaluate) requireTestImages(dataset);
  const checkpoint = await lastCheckpoint(cli, run);
  const { stage = "synthesise", step = 0, events = 0 } = checkpoint ?? {};
  await cutEvents(run, events);
  const runtime = await cli.runtime();
  const { backend } = runtime;
  if (run.record.backend !== backend.capabilities.backend || run.record.adapter !== backend.capabilities.adapter) {
    if (checkpoint) {
      cli.output.warn(
        `The run began on ${run.record.adapter} and goes on with ${backend.capabilities.adapter}: the last bits may differ.`,
      );
    }
  }
  const session = { startedAt: new Date().toISOString(), from: { stage, step } };
  const sessions = [...run.record.sessions, session];
  const { backend: backendId, adapter } = backend.capabilities;
  await updateRun(run, { status: "running", stage, step, backend: backendId, adapter, sessions, error: null });
  const outcome = await runExperiment({
    recipe,
    train: imageSetOf(dataset, "train"),
    test: imageSetOf(dataset, "test"),
    fingerprint: dataset.manifest.fingerprint,
    runtime,
    port: portOf(run),
    clock: () => Date.now(),
    signal: cli.signal,
    ...(checkpoint ? { checkpoint } : {}),
    evaluate,
    onProgress: ({ stage: at, ...progress }) => cli.output.progress(at.padEnd(10), progress),
  });
  cli.output.clearLine();
  const timings = { ...run.record.timings };
  for (const [name, seconds] of Object.entries(outcome.seconds) as [keyof typeof timings, number][]) {
    timings[name] = (timings[name] ?? 0) + seconds;
  }
  const { error } = outcome;
  await updateRun(run, {
    status: outcome.status,
    stage: outcome.stage,
    step: outcome.step,
    timings,
    sessions: [...sessions.slice(0, -1), { ...session, endedAt: new Date().toISOString() }],
    error: error ? { code: error.code, message: error.message, hint: error.hint } : null,
  });
  if (error) throw error;
  if (outcome.status === "stopped") {
    throw new UserError(
      "stopped",
      `Stopped in ${outcome.stage} at step ${outcome.step}; nothing is lost.`,
      `Go on with: stillroom resume ${run.record.id}`,
    );
  }
}
