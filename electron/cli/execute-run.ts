// Runs an experiment in a run folder, from its start or from its last good checkpoint.

import { type Checkpoint, decodeCheckpoint, requireFitting } from "../../shared/experiment/checkpoint.ts";
import type { RunPort } from "../../shared/experiment/ports.ts";
import { type Outcome, runExperiment } from "../../shared/experiment/run.ts";
import { describeError, UserError } from "../../shared/lib/user-error.ts";
import { type Recipe, recipeSchema } from "../../shared/recipe/index.ts";
import type { Dataset } from "../host/datasets/index.ts";
import {
  appendEvents,
  cutEvents,
  listCheckpoints,
  lockRun,
  type Run,
  readCheckpoint,
  sweepTemporary,
  updateRun,
  writeCheckpoint,
  writePreview,
  writeResult,
} from "../host/runs/index.ts";
import type { Cli } from "./cli.ts";
import { imageSetOf, requireTestImages } from "./datasets.ts";
import { programName } from "./program-name.ts";

/** The run folder; warnings among the events are shown too. */
function portOf(cli: Cli, run: Run): RunPort {
  return {
    appendEvents: async (events) => {
      await appendEvents(run, events);
      for (const event of events) {
        if (event.type === "warning") cli.output.warn(`${event.message} ${event.hint}`.trimEnd());
      }
    },
    writeCheckpoint: (name, bytes) => writeCheckpoint(run, name, bytes),
    writePreview: async (step, { pixels, width, height, channels }) => {
      await writePreview(run, step, { pixels, width, height, channels: channels === 1 ? 1 : 3 });
    },
    writeFile: (name, bytes) => writeResult(run, name, bytes),
  };
}

/**
 * The newest checkpoint that can be used, with events.ndjson cut to it. A damaged one is named and passed over; with
 * none left the run begins again, which gives the same bytes.
 */
async function goBackToCheckpoint(
  cli: Cli,
  run: Run,
  recipe: Recipe,
  dataset: Dataset,
): Promise<Checkpoint | undefined> {
  const { channels, height, width, classes } = dataset.manifest;
  const damaged: string[] = [];
  let eventsMissing: UserError | undefined;
  for (const { name } of await listCheckpoints(run)) {
    const file = `checkpoints/${name}.safetensors`;
    try {
      const checkpoint = decodeCheckpoint(await readCheckpoint(run, name), file);
      requireFitting(checkpoint, recipe, [channels, height, width], classes.length, file);
      await cutEvents(run, checkpoint.events);
      for (const message of damaged) cli.output.warn(`${message} The run goes on from ${file}.`);
      return checkpoint;
    } catch (error) {
      if (!(error instanceof UserError) || !["bad-checkpoint", "events-missing"].includes(error.code)) throw error;
      if (error.code === "events-missing") eventsMissing = error;
      damaged.push(error.message);
    }
  }
  // Intact work is not thrown away for its lost log: a person decides.
  if (eventsMissing) throw eventsMissing;
  for (const message of damaged) cli.output.warn(message);
  if (damaged.length > 0) cli.output.warn("No checkpoint can be used: the run begins again from its first step.");
  await cutEvents(run, 0);
  return undefined;
}

function recipeOf(run: Run): Recipe {
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
  await using _lock = await lockRun(run.path);
  const recipe = recipeOf(run);
  if (evaluate) requireTestImages(dataset);
  await sweepTemporary(run);
  const checkpoint = await goBackToCheckpoint(cli, run, recipe, dataset);
  const { stage = "synthesise", step = 0 } = checkpoint ?? {};
  const runtime = await cli.runtime();
  const { backend: backendId, adapter } = runtime.backend.capabilities;
  if (checkpoint && (run.record.backend !== backendId || run.record.adapter !== adapter)) {
    cli.output.warn(`The run began on ${run.record.adapter} and goes on with ${adapter}: the last bits may differ.`);
  }
  const session = { startedAt: new Date().toISOString(), from: { stage, step } };
  const sessions = [...run.record.sessions, session];
  await updateRun(run, {
    status: "running",
    stage,
    step,
    backend: backendId,
    adapter,
    sessions,
    evaluate,
    error: null,
  });
  const endSession = () => [...sessions.slice(0, -1), { ...session, endedAt: new Date().toISOString() }];
  let outcome: Outcome;
  try {
    outcome = await runExperiment({
      recipe,
      train: imageSetOf(dataset, "train"),
      test: imageSetOf(dataset, "test"),
      fingerprint: dataset.manifest.fingerprint,
      runtime,
      port: portOf(cli, run),
      clock: () => Date.now(),
      signal: cli.signal,
      ...(checkpoint ? { checkpoint } : {}),
      evaluate,
      onProgress: ({ stage: at, ...progress }) => cli.output.progress(at.padEnd(10), progress),
    });
  } catch (error) {
    // The disk that failed may not take this either, and the first error tells more.
    await updateRun(run, { status: "failed", sessions: endSession(), error: failureOf(error) }).catch(() => {});
    throw error;
  }
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
    sessions: endSession(),
    error: error ? failureOf(error) : null,
  });
  if (error) throw error;
  if (outcome.status === "stopped") {
    // Of an evaluation only finished trainings are kept.
    const lost = outcome.stage === "evaluate" ? "the network in training begins again" : "nothing is lost";
    throw new UserError(
      "stopped",
      `Stopped in ${outcome.stage} at step ${outcome.step}; ${lost}.`,
      `Go on with: ${programName()} resume ${run.record.id}`,
    );
  }
}

function failureOf(error: unknown) {
  if (error instanceof UserError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: "internal", message: describeError(error), hint: "" };
}
