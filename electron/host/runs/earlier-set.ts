// Earlier sets: the distilled set of a run, or of a file, and the copy that a run keeps of the one that its images begin with.

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type DistilledSet, fromSafetensors } from "../../../shared/data/distilled-set.ts";
import { requireSetFits } from "../../../shared/data/fit-set.ts";
import type { ImageManifest } from "../../../shared/data/manifest.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { INITIAL_FILE, type Run, readIfPresent, readResult } from "./folder.ts";
import { openRun } from "./store.ts";

const begunWithSet = z.object({ ipc: z.int(), init: z.object({ set: z.string().min(1) }) });

/** The set of a run, or of a distilled.safetensors anywhere. Throws UserErrors "no-set", "bad-distilled-set" and those of runs. */
export async function readSet(root: string, name: string): Promise<{ set: DistilledSet; bytes: Uint8Array }> {
  const isFile = await stat(name).then(
    (found) => found.isFile() && name.endsWith(".safetensors"),
    () => false,
  );
  if (isFile) {
    const bytes = new Uint8Array(await readFile(name));
    return { set: fromSafetensors(bytes, name), bytes };
  }
  const run = await openRun(root, name);
  const bytes = await readResult(run, "distilled.safetensors");
  if (bytes) return { set: fromSafetensors(bytes, `${run.path}/distilled.safetensors`), bytes };
  throw new UserError("no-set", `Run ${run.record.id} has no distilled set yet.`, "Resume that run first.");
}

/** The bytes of the set that a recipe's images begin with, if they begin with one. Throws UserError "other-dataset", too. */
export async function readEarlierSet(
  root: string,
  recipe: unknown,
  manifest: ImageManifest,
): Promise<Uint8Array | undefined> {
  const begun = begunWithSet.safeParse(recipe).data;
  if (!begun) return undefined;
  const { set, bytes } = await readSet(root, begun.init.set);
  requireSetFits(set, { ...manifest, classNames: manifest.classes.map(({ name }) => name), ipc: begun.ipc });
  return bytes;
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
