// What a run has to export: its distilled set, its pixels, and its accuracies where it was evaluated.

import { join } from "node:path";
import { type EvaluationFile, evaluationFileSchema } from "../../../shared/api/runs.ts";
import { fromSafetensors, toPixels, toSafetensors } from "../../../shared/data/distilled-set.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { checkSchema, listKeptSteps, type Run, readResult, readSynthetic } from "../runs/index.ts";
import type { Store } from "../store.ts";
import { makeClassFolders } from "./class-folders.ts";
import type { ExportSource } from "./format.ts";

export type RunResults = ExportSource & { readonly run: Run; readonly evaluation: EvaluationFile | undefined };

/**
 * The finished set, or what the newest checkpoint of an unfinished run holds. Throws UserError "nothing-to-export",
 * "bad-distilled-set", "bad-evaluation", and those of `readSynthetic`.
 */
export async function readResults(run: Run, store?: Store): Promise<RunResults> {
  const { set, bytes } = await readSet(run, store);
  return {
    run,
    set,
    bytes,
    pixels: toPixels(set),
    classFolders: makeClassFolders(set.classNames),
    evaluation: await readEvaluation(run),
  };
}

/** Where a run went on after it had failed, its set is older than its newest checkpoint. */
async function readSet(run: Run, store: Store | undefined) {
  const bytes = await readResult(run, "distilled.safetensors");
  const { status, stage } = run.record;
  const isDistilling = stage === "synthesise" && status !== "done" && status !== "failed";
  if (bytes && !(isDistilling && (await listKeptSteps(run)).length > 0)) {
    return { set: fromSafetensors(bytes, join(run.path, "distilled.safetensors")), bytes };
  }
  const { set } = await readSynthetic(run, store);
  return { set, bytes: toSafetensors(set) };
}

/** What a run's evaluation.json holds, or undefined without one. Throws UserError "bad-evaluation". */
export async function readEvaluation(run: Run): Promise<EvaluationFile | undefined> {
  const bytes = await readResult(run, "evaluation.json");
  if (bytes === undefined) return undefined;
  const path = join(run.path, "evaluation.json");
  const hint = "Evaluate the run again, or delete that file.";
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new UserError("bad-evaluation", `${path} is not JSON.`, hint, { cause });
  }
  return checkSchema(evaluationFileSchema, value, path, "bad-evaluation", hint);
}
