// How a session begins and ends, as a run folder records it.

import { z } from "zod";
import { stageSchema } from "./events.ts";

const count = z.int().nonnegative();

/** Where a session begins: the run's events are cut to `events`, and the run is marked as running. */
export const sessionStart = z.strictObject({
  backend: z.string(),
  adapter: z.string(),
  events: count,
  stage: stageSchema,
  step: count,
  evaluate: z.boolean(),
  /** See the record of a run. */
  imagesAtOnce: z.int().positive().optional(),
});
export type SessionStart = z.infer<typeof sessionStart>;

/** How it ended; `seconds` of each stage in this session. */
export const sessionEnd = z.strictObject({
  status: z.enum(["done", "stopped", "failed"]),
  /** Left out when a failure outside of the experiment ended it. */
  stage: stageSchema.optional(),
  step: count.optional(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).optional(),
  seconds: z.partialRecord(stageSchema, z.number().nonnegative()).optional(),
});
export type SessionEnd = z.infer<typeof sessionEnd>;
