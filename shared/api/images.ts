// A run's synthetic images at one step: which steps keep their exact values, what these range over, and the nearest
// real images.

import { z } from "zod";

const count = z.int().nonnegative();
/** Of one image. */
const range = z.object({ min: z.number(), max: z.number(), mean: z.number() });

/** Steps whose exact values are kept, ascending: those of the last checkpoints, and the finished set. */
export const keptStepsSchema = z.object({ steps: z.array(count) });

export const imageValuesSchema = z.object({
  step: count,
  /** Whether the numbers are as networks see them, or those of pixels from 0 to 1, as whitened sets are shown. */
  space: z.enum(["normalised", "pixels"]),
  classNames: z.array(z.string()),
  ipc: count,
  min: z.number(),
  max: z.number(),
  /** Of each image, class after class. */
  images: z.array(range),
});
export type ImageValues = z.infer<typeof imageValuesSchema>;

export const nearestQuerySchema = z.strictObject({
  step: z.coerce.number().int().nonnegative(),
  /** Class-major: class * ipc + index. */
  image: z.coerce.number().int().nonnegative(),
  count: z.coerce.number().int().min(1).max(64).default(8),
});

export const nearestSchema = z.object({
  step: count,
  /** False where the exact values are not kept, and the distance is that of the 8-bit picture. */
  isExact: z.boolean(),
  datasetId: z.string(),
  /** `index` within the training images; `distance` is L2 in normalised space. Nearest first. */
  images: z.array(z.object({ index: count, distance: z.number() })),
});
export type Nearest = z.infer<typeof nearestSchema>;
