// The newest set of a run: its finished one, or what its newest checkpoint holds.

import { join } from "node:path";
import { type DistilledSet, fromSafetensors, toSafetensors } from "../../../shared/data/distilled-set.ts";
import type { Store } from "../store.ts";
import { type Run, readResult } from "./folder.ts";
import { listKeptSteps, readSynthetic } from "./synthetic.ts";

export interface NewestSet {
  readonly set: DistilledSet;
  readonly bytes: Uint8Array;
  /** Of the checkpoint; undefined for the set of a distillation that has ended. */
  readonly step: number | undefined;
}

/** Throws UserError "bad-distilled-set", and those of `readSynthetic`. */
export async function readNewestSet(run: Run, store: Store | undefined): Promise<NewestSet> {
  const bytes = await readResult(run, "distilled.safetensors");
  const { status, stage } = run.record;
  // Where a run went on after it had failed, its set is older than its newest checkpoint.
  const isDistilling = stage === "synthesise" && status !== "done" && status !== "failed";
  if (bytes && !(isDistilling && (await listKeptSteps(run)).length > 0)) {
    return { set: fromSafetensors(bytes, join(run.path, "distilled.safetensors")), bytes, step: undefined };
  }
  const { set, step } = await readSynthetic(run, store);
  return { set, bytes: toSafetensors(set), step };
}
