// What a run has to export: its distilled set, its pixels, and its accuracies where it was evaluated.

import { join } from "node:path";
import { type EvaluationFile, evaluationFileSchema } from "../../../shared/api/runs.ts";
import { fromSafetensors, toPixels } from "../../../shared/data/distilled-set.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { checkSchema, type Run, readResult } from "../runs/index.ts";
import { makeClassFolders } from "./class-folders.ts";
import type { ExportSource } from "./format.ts";

export type RunResults = ExportSource & { readonly run: Run; readonly evaluation: EvaluationFile | undefined };

/** Throws UserError "nothing-to-export", "bad-distilled-set" or "bad-evaluation". */
export async function readResults(run: Run): Promise<RunResults> {
  const bytes = await readResult(run, "distilled.safetensors");
  if (bytes === undefined) {
    throw new UserError(
      "nothing-to-export",
      `The run "${run.record.id}" has no distilled set yet.`,
      "Resume it until its images are made.",
    );
  }
  const set = fromSafetensors(bytes, join(run.path, "distilled.safetensors"));
  return {
    run,
    set,
    bytes,
    pixels: toPixels(set),
    classFolders: makeClassFolders(set.classNames),
    evaluation: await readEvaluation(run),
  };
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
