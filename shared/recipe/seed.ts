// A seed: one paper's settings, its cases with their published numbers, and a variant small enough for two CPU cores.
import { z } from "zod";

/** Any part of a recipe: what is left out comes from elsewhere. */
const partialRecipe = z.record(z.string(), z.unknown());

export const seedSchema = z.strictObject({
  version: z.literal(1),
  id: z.string().regex(/^[a-z0-9-]+$/),
  paper: z.strictObject({
    title: z.string(),
    authors: z.string(),
    venue: z.string(),
    year: z.int(),
    url: z.url(),
  }),
  /** Where the settings were read, e.g. repository and commit. */
  source: z.string(),
  method: z.string(),
  defaults: partialRecipe,
  cases: z.array(
    z.strictObject({
      name: z.string().regex(/^[a-z0-9-]+$/),
      dataset: z.string(),
      ipc: z.int().min(1),
      net: z.string(),
      set: partialRecipe,
      /** Accuracy in percent, as published. */
      published: z.strictObject({ mean: z.number(), std: z.number().optional(), source: z.string() }),
    }),
  ),
  /** What the small variant changes: done within ten minutes on two cores. */
  small: partialRecipe,
});

export type Seed = z.output<typeof seedSchema>;
