// The synthetic images that a run has so far, with their exact values: of its finished set, or of a checkpoint.

import { join } from "node:path";
import { z } from "zod";
import { decodeCheckpoint } from "../../../shared/api/checkpoint.ts";
import { openRunDataset } from "../../../shared/api/run-dataset.ts";
import type { RunRecord } from "../../../shared/api/runs.ts";
import { openTransform } from "../../../shared/api/whitening.ts";
import { type DistilledSet, fromSafetensors } from "../../../shared/data/distilled-set.ts";
import { type DatasetManifest, normaliserOf } from "../../../shared/data/manifest.ts";
import type { SetNormaliser } from "../../../shared/data/normaliser.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { openArtifactStore } from "../artifacts.ts";
import { readManifest } from "../datasets/index.ts";
import type { Store } from "../store.ts";
import { checkpointPath, listCheckpoints, readCheckpoint } from "./checkpoints.ts";
import { type Run, readResult } from "./folder.ts";
import { listPreviews } from "./previews.ts";

export interface SyntheticImages {
  readonly step: number;
  readonly set: DistilledSet;
}

const DISTILLED = "distilled.safetensors";
/** Checkpoints of the distillation are named after their step; those of later stages keep its last images. */
const isStep = (name: string) => /^\d{6,15}$/.test(name);

interface Kept {
  readonly step: number;
  /** Undefined for the finished set. */
  readonly checkpoint?: string;
}

/** Every step whose exact values are kept, ascending. */
async function listKept(run: Run): Promise<Kept[]> {
  const names = (await listCheckpoints(run)).map(({ name }) => name);
  const kept: Kept[] = names.filter(isStep).map((name) => ({ step: Number(name), checkpoint: name }));
  if (run.record.status === "done" || names.some((name) => !isStep(name))) {
    const last = (await listPreviews(run)).at(-1)?.step;
    if (last !== undefined) {
      return [...kept.filter(({ step }) => step < last), { step: last }].sort((a, b) => a.step - b.step);
    }
  }
  return kept.sort((a, b) => a.step - b.step);
}

export async function listKeptSteps(run: Run): Promise<number[]> {
  return (await listKept(run)).map(({ step }) => step);
}

/**
 * The images of a step, or the newest. Throws UserError "step-not-kept", "nothing-to-export" where there are none yet,
 * and those of a dataset or a whitening that is gone, since a checkpoint holds neither names nor normaliser.
 */
export async function readSynthetic(run: Run, store: Store | undefined, step?: number): Promise<SyntheticImages> {
  const kept = await listKept(run);
  const found = step === undefined ? kept.at(-1) : kept.find((each) => each.step === step);
  if (found === undefined && step !== undefined) {
    throw new UserError(
      "step-not-kept",
      `The exact values of step ${step} are not kept.`,
      `They are kept for ${kept.length === 0 ? "no step yet" : `step ${kept.map((each) => each.step).join(", ")}`}.`,
    );
  }
  if (found?.checkpoint === undefined) {
    const bytes = await readResult(run, DISTILLED);
    if (bytes) return { step: found?.step ?? run.record.step, set: fromSafetensors(bytes, join(run.path, DISTILLED)) };
    throw new UserError(
      "nothing-to-export",
      `The run "${run.record.id}" has no distilled set yet.`,
      "Resume it until its images are made.",
    );
  }
  return readFromCheckpoint(run, store, found.checkpoint);
}

async function readFromCheckpoint(run: Run, store: Store | undefined, name: string): Promise<SyntheticImages> {
  const { state } = decodeCheckpoint(await readCheckpoint(run, name), checkpointPath(run, name));
  const { id, name: datasetName, fingerprint } = run.record.dataset;
  const manifest = await readDatasetOf(run.record, store);
  const [, ...shape] = state.images[0].shape;
  const images = concat(state.images.map(({ data }) => data));
  const count = images.length / shape.reduce((product, side) => product * side, 1);
  const { classes, channels, height, width } = manifest;
  const ipc = count / classes.length;
  if (!Number.isInteger(ipc) || String(shape) !== String([channels, height, width])) {
    throw new UserError(
      "bad-checkpoint",
      `${checkpointPath(run, name)} does not hold images of the dataset ${id} (${datasetName}).`,
      "Restore the file, or resume the run, which passes over a damaged checkpoint.",
    );
  }
  return {
    step: state.step,
    set: {
      images,
      shape: [count, channels, height, width],
      labels: { kind: "hard", values: Int32Array.from({ length: count }, (_, i) => Math.floor(i / ipc)) },
      normaliser: await normaliserOfRun(run.record, manifest, store),
      classNames: classes.map((each) => each.name),
      ipc,
      recipe: run.record.recipe,
      fingerprint,
      extra: {},
    },
  };
}

const whitened = z.object({
  dataset: z.object({ normalise: z.literal("zca") }),
  evaluation: z.object({ validation: z.number().default(0) }),
});

async function normaliserOfRun(
  { recipe }: RunRecord,
  manifest: DatasetManifest,
  store: Store | undefined,
): Promise<SetNormaliser> {
  const wanted = whitened.safeParse(recipe).data;
  if (!store || !wanted) return normaliserOf(manifest);
  const { channels, height, width, fingerprint } = manifest;
  const heldOut = wanted.evaluation.validation;
  return openTransform(openArtifactStore(store), { fingerprint, heldOut, size: channels * height * width });
}

/** The manifest of the dataset that a run was made with. Throws UserError "dataset-unknown" or "other-dataset". */
export async function readDatasetOf(record: Pick<RunRecord, "id" | "dataset">, store: Store | undefined) {
  const { manifest } = await openRunDataset(record, async (id) => {
    if (store) return { manifest: await readManifest(store, id) };
    throw new UserError("dataset-unknown", "No store was given to look for datasets in.");
  });
  return manifest;
}

function concat(pieces: readonly ArrayLike<number>[]): Float32Array {
  const all = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
