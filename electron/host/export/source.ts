// What a run has to export: its distilled set, its pixels, and its accuracies where it was evaluated.

import { join } from "node:path";
import { z } from "zod";
import { type EvaluationFile, evaluationFileSchema } from "../../../shared/api/runs.ts";
import { toPixels } from "../../../shared/data/distilled-set.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { checkSchema, type Run, readEvents, readNewestSet, readResult } from "../runs/index.ts";
import type { Store } from "../store.ts";
import { makeClassFolders } from "./class-folders.ts";
import type { ExportSource } from "./format.ts";

export type RunResults = ExportSource & {
  readonly run: Run;
  readonly evaluation: EvaluationFile | undefined;
  readonly made: Made;
};

/** How far the distillation of an exported set has come; `steps` is missing where the recipe does not tell. */
export interface Made {
  readonly state: "whole" | "ended-early" | "failed" | "unfinished";
  readonly step: number;
  readonly steps?: number | undefined;
}

/**
 * The finished set, or what the newest checkpoint of an unfinished run holds. Throws UserError "nothing-to-export",
 * "bad-distilled-set", "bad-evaluation", and those of `readSynthetic`.
 */
export async function readResults(run: Run, store?: Store): Promise<RunResults> {
  const { set, bytes, step } = await readNewestSet(run, store);
  return {
    run,
    set,
    bytes,
    made: await describeMade(run, step),
    pixels: toPixels(set),
    classFolders: makeClassFolders(set.classNames),
    evaluation: await readEvaluation(run),
  };
}

const stepsSchema = z.object({ method: z.object({ steps: z.int().nonnegative() }) });

/** `step` is that of the checkpoint which the set is from; undefined for the set of a distillation that has ended. */
async function describeMade(run: Run, step: number | undefined): Promise<Made> {
  const { recipe, status, stage } = run.record;
  const steps = stepsSchema.safeParse(recipe).data?.method.steps;
  let ended: number | undefined;
  for await (const event of readEvents(run)) {
    if (event.type === "warning" && event.code === "ended-early") ended = event.step;
  }
  if (ended !== undefined) return { state: "ended-early", step: ended, steps };
  if (step !== undefined && step !== steps) return { state: "unfinished", step, steps };
  const isFailed = status === "failed" && stage === "synthesise";
  return isFailed ? { state: "failed", step: run.record.step, steps } : { state: "whole", step: steps ?? 0, steps };
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
