// evaluation.json: what an evaluation found, with the protocol that makes it comparable.
import { z } from "zod";
import { evaluatedSetSchema } from "./events.ts";

/** Accuracies, mean and std are fractions. */
export const evaluationFileSchema = z.object({
  protocol: z.record(z.string(), z.unknown()),
  results: z.array(
    z.object({
      set: evaluatedSetSchema,
      ipc: z.int().nonnegative(),
      net: z.string(),
      width: z.int().nonnegative().optional(),
      trials: z.array(z.number().min(0).max(1)),
      mean: z.number(),
      std: z.number().nonnegative(),
    }),
  ),
});
export type EvaluationFile = z.infer<typeof evaluationFileSchema>;
