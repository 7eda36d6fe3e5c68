// Earlier sets: those that a new run may begin with, and the copy that a run keeps of the one that it began with.

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { EarlierSet } from "../../../shared/api/datasets.ts";
import { type DistilledSet, fromSafetensors } from "../../../shared/data/distilled-set.ts";
import { listMisfits, requireSetFits, type SetForm } from "../../../shared/data/fit-set.ts";
import type { ImageManifest } from "../../../shared/data/manifest.ts";
import { describeError, type FieldProblem, UserError } from "../../../shared/lib/user-error.ts";
import { factsOf, layer, type Recipe, resolveRecipe } from "../../../shared/recipe/index.ts";
import type { Store } from "../store.ts";
import { INITIAL_FILE, type Run, readIfPresent } from "./folder.ts";
import { readNewestSet } from "./newest-set.ts";
import { listPreviews } from "./previews.ts";
import { listRuns, openRun } from "./store.ts";
import { listKeptSteps } from "./synthetic.ts";

const begunWithSet = z.object({ init: z.object({ set: z.string().min(1) }) });
const sized = z.object({ ipc: z.int() });

/**
 * The newest set of a run, or a distilled.safetensors anywhere. Throws UserErrors "no-set", "bad-distilled-set" and those
 * of runs.
 */
export async function readSet(store: Store, name: string): Promise<{ set: DistilledSet; bytes: Uint8Array }> {
  const found = await stat(name).catch(() => undefined);
  if (found?.isFile() && name.endsWith(".safetensors")) {
    const bytes = new Uint8Array(await readFile(name));
    return { set: fromSafetensors(bytes, name), bytes };
  }
  if (!found && /\.safetensors$/.test(name)) {
    throw new UserError("no-set", `There is no file ${name}.`, "Give the whole path of a distilled.safetensors.");
  }
  const run = await openRun(store.home, name);
  try {
    return await readNewestSet(run, store);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== "nothing-to-export") throw error;
    throw new UserError("no-set", `Run ${run.record.id} has no images yet.`, "Resume that run first.", {
      cause: error,
    });
  }
}

/** The full recipe as `resolveRecipe` makes it; an earlier set that is not there or does not fit is told with all else. */
export async function resolveWithSet(
  store: Store,
  layers: Parameters<typeof resolveRecipe>[0],
  manifest: ImageManifest,
  source?: string,
): Promise<Recipe> {
  const given = layers.reduce(layer);
  return resolveRecipe(layers, factsOf(manifest), source, await findSetProblems(store, given, manifest));
}

async function findSetProblems(store: Store, given: unknown, manifest: ImageManifest): Promise<FieldProblem[]> {
  const name = begunWithSet.safeParse(given).data?.init.set;
  if (name === undefined) return [];
  try {
    const { set } = await readSet(store, name);
    return listMisfits(set, formOf(manifest, given)).map((message) => ({ path: "init", message }));
  } catch (error) {
    if (error instanceof UserError) return [{ path: "init", message: describeError(error) }];
    throw error;
  }
}

const formOf = (manifest: ImageManifest, recipe: unknown): SetForm => {
  const ipc = sized.safeParse(recipe).data?.ipc;
  return { ...manifest, classNames: manifest.classes.map(({ name }) => name), ...(ipc !== undefined && { ipc }) };
};

/** The bytes of the set that a recipe's images begin with, if they begin with one. Throws UserError "other-dataset", too. */
export async function readEarlierSet(
  store: Store,
  recipe: unknown,
  manifest: ImageManifest,
): Promise<Uint8Array | undefined> {
  const begun = begunWithSet.safeParse(recipe).data;
  if (!begun) return undefined;
  const { set, bytes } = await readSet(store, begun.init.set);
  requireSetFits(set, formOf(manifest, recipe));
  return bytes;
}

/** What there is to begin with on this dataset: the runs made with it that have images to read, the newest first. */
export async function listEarlierSets(store: Store, { fingerprint }: ImageManifest): Promise<EarlierSet[]> {
  const { runs } = await listRuns(store.home);
  const alike = runs.filter(({ record }) => record.dataset.fingerprint === fingerprint);
  const sets = alike.map(async (run): Promise<EarlierSet[]> => {
    const { id, name, createdAt, recipe } = run.record;
    const { ipc } = sized.safeParse(recipe).data ?? {};
    const step = (await listKeptSteps(run)).at(-1);
    const picture = (await listPreviews(run)).findLast((each) => step !== undefined && each.step <= step)?.file;
    return ipc === undefined || step === undefined ? [] : [{ id, name, createdAt, ipc, step, picture }];
  });
  return (await Promise.all(sets)).flat().sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** Throws UserError "not-found". */
export async function readInitial({ path, record }: Run): Promise<Uint8Array> {
  const file = join(path, INITIAL_FILE);
  const bytes = await readIfPresent(file);
  if (bytes) return bytes;
  throw new UserError(
    "not-found",
    `${file} is missing, with which run ${record.id} begins.`,
    "Put it back, or distil again.",
  );
}
