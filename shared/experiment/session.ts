// A session: from a run folder as it lies there, on from its last good checkpoint, to an outcome that is written down.
// The command line, the host's child process and the page's Worker are its callers.
import { type DistilledSet, fromSafetensors } from "../data/distilled-set.ts";
import { requireSetFits } from "../data/fit-set.ts";
import type { StoredDataset } from "../data/stored-set.ts";
import { type Backend, type Capabilities, DeviceLostError, type Runtime } from "../engine/index.ts";
import { describeError, UserError } from "../lib/user-error.ts";
import { type Recipe, recipeSchema } from "../recipe/index.ts";
import type { ArtifactStore } from "./artifacts.ts";
import { type Checkpoint, decodeCheckpoint, requireFitting } from "./checkpoint.ts";
import { fitStored, isWebgpu } from "./planned-memory.ts";
import type { Progress, RunStore } from "./ports.ts";
import { type Outcome, runExperiment } from "./run.ts";
import type { SessionStart } from "./session-record.ts";
import { openSets } from "./sets.ts";

export interface Session {
  readonly store: RunStore;
  readonly artifacts: ArtifactStore;
  readonly dataset: StoredDataset;
  /** Called once it is known that the run can be computed, and again, with what was lost, when a device was lost. */
  readonly openRuntime: (lost?: Pick<Capabilities, "backend" | "adapter">) => Promise<Runtime>;
  readonly evaluate: boolean;
  readonly signal: AbortSignal;
  /** Ends the distillation where it is, and goes on with what comes after it. */
  readonly finish?: AbortSignal | undefined;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly onProgress: (progress: Progress) => void;
  /** A sentence for a person, e.g. that a damaged checkpoint was passed over. */
  readonly onNotice: (message: string) => void;
  /** The run is marked as running, and its events are cut to so many. */
  readonly onBegin?: (start: SessionStart) => void;
  /** Waits; a device that was just reset is not there at once. */
  readonly pause?: (milliseconds: number) => Promise<void>;
}

/** So often in a row, with no new checkpoint in between, a lost device is replaced before the run is given up. */
const MAX_LOSSES = 3;
const PAUSE_AFTER_LOSS_MS = 1000;

/**
 * Computes until the run is done, stopped or failed. Where a device is lost, a new one goes on from the last checkpoint.
 * Rejects with what keeps the run from beginning, or broke it off.
 */
export async function runSession(session: Session): Promise<Outcome> {
  const { store, dataset, evaluate } = session;
  const recipe = readRecipe(store);
  if (evaluate) requireTestImages(dataset);
  const runtime = await session.openRuntime();
  const plan = { recipe, imagesAtOnce: await fitSession(session, recipe, runtime.backend) };
  const checkpoint = await begin(session, plan, runtime.backend.capabilities);
  let outcome: Outcome;
  try {
    outcome = await computeThroughLosses(session, plan, runtime, checkpoint);
  } catch (error) {
    // The disk that failed may not take this either, and the first error tells more.
    await store.end({ status: "failed", error: failureOf(error) }).catch(() => {});
    throw error;
  }
  const { status, stage, step, seconds, error } = outcome;
  await store.end({ status, stage, step, seconds, ...(error && { error: failureOf(error) }) });
  return outcome;
}

/** What a session computes. */
interface SessionPlan {
  readonly recipe: Recipe;
  readonly imagesAtOnce: number | undefined;
}

/** How many images go through the network at once, below the backend's ceiling. Throws UserError "memory-limit". */
async function fitSession({ store, dataset, evaluate, onNotice }: Session, recipe: Recipe, backend: Backend) {
  const { imagesAtOnce, sessions } = store.record;
  if (!isWebgpu(backend)) {
    return imagesAtOnce;
  }
  if (backend.memoryLimit === undefined) return imagesAtOnce;
  const fit = await fitStored(backend, { recipe, dataset, evaluate, imagesAtOnce, hasBegun: sessions.length > 0 });
  const fewer = fit?.imagesAtOnce;
  if (fewer !== imagesAtOnce)
    onNotice(`${fewer} images go through the network at once, to stay below the memory limit.`);
  return fewer;
}

async function computeThroughLosses(
  session: Session,
  plan: SessionPlan,
  first: Runtime,
  from: Checkpoint | undefined,
): Promise<Outcome> {
  const { onNotice } = session;
  const { adapter } = first.backend.capabilities;
  let [runtime, checkpoint, losses] = [first, from, 0];
  for (;;) {
    try {
      return await compute(session, plan, runtime, checkpoint);
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error;
      const before = checkpoint?.events ?? 0;
      checkpoint = await begin(session, plan, runtime.backend.capabilities, true);
      losses = (checkpoint?.events ?? 0) > before ? 1 : losses + 1;
      const opened = await reopen(session, runtime, error, losses);
      const { stage = "synthesise", step = 0 } = checkpoint ?? {};
      if (!opened) return { status: "stopped", stage, step, seconds: {} };
      ({ runtime, losses } = opened);
      onNotice(
        `${adapter} was lost. It was opened anew, and the run goes on from step ${step} of its last checkpoint.`,
      );
    }
  }
}

/** The same adapter with a new device; undefined where the run is to stop. Throws UserError "device-lost" in the end. */
async function reopen(
  { openRuntime, signal, pause = sleep }: Session,
  { backend: old }: Runtime,
  error: unknown,
  losses: number,
): Promise<{ runtime: Runtime; losses: number } | undefined> {
  const { backend, adapter } = old.capabilities;
  await old.dispose().catch(() => {});
  for (let [last, count] = [error, losses]; ; count++) {
    if (signal.aborted) return undefined;
    if (count > MAX_LOSSES) {
      throw new UserError(
        "device-lost",
        `${adapter} was lost and could not be used again: ${last instanceof Error ? last.message : String(last)}`,
        "The last checkpoint is kept: resume the run, on another adapter or on the CPU if this happens again.",
        { cause: last },
      );
    }
    await pause(count * PAUSE_AFTER_LOSS_MS);
    try {
      return { runtime: await openRuntime({ backend, adapter }), losses: count };
    } catch (refusal) {
      last = refusal;
    }
  }
}

const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

function compute(
  { store, artifacts, dataset, evaluate, signal, finish, clock, onProgress }: Session,
  { recipe, imagesAtOnce }: SessionPlan,
  runtime: Runtime,
  checkpoint: Checkpoint | undefined,
): Promise<Outcome> {
  return runExperiment({
    recipe,
    ...openSets(dataset, recipe),
    ...(typeof recipe.init !== "string" && { initial: () => readInitial(store, recipe, dataset) }),
    fingerprint: dataset.manifest.fingerprint,
    runtime,
    port: store,
    artifacts,
    clock,
    signal,
    finish,
    ...(checkpoint ? { checkpoint } : {}),
    evaluate,
    imagesAtOnce,
    onProgress,
  });
}

/**
 * Begins at the newest checkpoint that can be used. A damaged one is named and passed over; with none left the run
 * begins again, which gives the same bytes.
 */
async function begin(
  { store, dataset, evaluate, onNotice, onBegin }: Session,
  { recipe, imagesAtOnce }: SessionPlan,
  { backend, adapter }: Pick<Capabilities, "backend" | "adapter">,
  isAfterLoss = false,
): Promise<Checkpoint | undefined> {
  const beginAt = async (checkpoint?: Checkpoint) => {
    const { stage = "synthesise", step = 0, events = 0 } = checkpoint ?? {};
    const pieces = imagesAtOnce === undefined ? {} : { imagesAtOnce };
    const start = { backend, adapter, events, stage, step, evaluate, ...pieces };
    await store.begin(start);
    onBegin?.(start);
  };
  const { channels, height, width, classes } = dataset.manifest;
  const before = store.record;
  const damaged: string[] = [];
  let eventsMissing: UserError | undefined;
  for (const name of await store.listCheckpoints()) {
    const file = `checkpoints/${name}.safetensors`;
    try {
      const checkpoint = decodeCheckpoint(await store.readCheckpoint(name), file);
      requireFitting(checkpoint, recipe, [channels, height, width], classes.length, file);
      await beginAt(checkpoint);
      for (const message of damaged) onNotice(`${message} The run goes on from ${file}.`);
      if (isAfterLoss) return checkpoint;
      if (before.backend !== backend || before.adapter !== adapter) {
        onNotice(`The run began on ${before.adapter} and goes on with ${adapter}: the last bits may differ.`);
      }
      return checkpoint;
    } catch (error) {
      if (!(error instanceof UserError) || !["bad-checkpoint", "events-missing"].includes(error.code)) throw error;
      if (error.code === "events-missing") eventsMissing = error;
      damaged.push(error.message);
    }
  }
  // Intact work is not thrown away for its lost log: a person decides.
  if (eventsMissing) throw eventsMissing;
  await beginAt();
  for (const message of damaged) onNotice(message);
  if (damaged.length > 0) onNotice("No checkpoint can be used: the run begins again from its first step.");
  return undefined;
}

/** The run's own copy of the set that its images begin with. Throws UserErrors "bad-distilled-set" and "other-dataset". */
async function readInitial(store: RunStore, { ipc }: Recipe, { manifest }: StoredDataset): Promise<DistilledSet> {
  const set = fromSafetensors(await store.readInitial(), `${store.path}/initial.safetensors`);
  requireSetFits(set, { ...manifest, classNames: manifest.classes.map(({ name }) => name), ipc });
  return set;
}

/** Throws UserError "bad-recipe" naming every field. */
function readRecipe({ record, path }: RunStore): Recipe {
  const parsed = recipeSchema.safeParse(record.recipe);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new UserError(
    "bad-recipe",
    `The recipe in ${path}/run.json cannot be used: ${problems.join("; ")}.`,
    "Restore the file, or distil again.",
  );
}

/** A run's evaluation needs images that it did not learn from. Throws UserError "no-test-images". */
export function requireTestImages({ manifest }: Pick<StoredDataset, "manifest">): void {
  if (manifest.classes.some(({ test }) => test > 0)) return;
  throw new UserError(
    "no-test-images",
    `${manifest.name} has no test images, so that nothing can be evaluated.`,
    "Add a test/ folder, import without one so that a part is set aside, or run without an evaluation (--no-evaluate).",
  );
}

export function failureOf(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof UserError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: "internal", message: describeError(error), hint: "" };
}
