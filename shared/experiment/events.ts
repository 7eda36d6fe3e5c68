// RunEvent: all that an experiment tells the world, one line each of a run's events.ndjson.

import { z } from "zod";
import { selectionIds } from "../data/selection/index.ts";

/** What a run goes through, in this order. */
export const stages = ["prepare", "synthesise", "label", "evaluate", "export"] as const;
export const runStatuses = ["created", "running", "paused", "stopped", "failed", "done"] as const;
/** The sets that one protocol compares. */
export const evaluatedSets = ["distilled", "best", "random", ...selectionIds, "whole"] as const;

export const stageSchema = z.enum(stages);
export const runStatusSchema = z.enum(runStatuses);
export const evaluatedSetSchema = z.enum(evaluatedSets);

const count = z.int().nonnegative();
/** A plain file name: events are untrusted input and must not lead out of the run's folders. */
const fileName = z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, "must be a plain file name");

/** `seq` counts a run's events from 0; `time` is in milliseconds since 1970. */
const every = { seq: count, time: z.number().nonnegative() };
/** `step` counts the steps of the stage that are done. */
const place = { stage: stageSchema, step: count };
const failure = { code: z.string(), message: z.string(), hint: z.string() };

export const runEventSchema = z.discriminatedUnion("type", [
  /** A stage begins, or goes on after a stop; `steps` is its length where it is known. */
  z.object({ type: z.literal("stage"), ...every, ...place, steps: count.optional() }),
  z.object({
    type: z.literal("step"),
    ...every,
    ...place,
    /** By name, e.g. `loss`; finite. */
    metrics: z.record(z.string(), z.number()),
    secondsLeft: z.number().nonnegative().optional(),
  }),
  /** Vectors of a step by name, such as the loss of each class; written now and then. */
  z.object({
    type: z.literal("detail"),
    ...every,
    ...place,
    vectors: z.record(z.string(), z.array(z.number())),
  }),
  /** `file` lies in `previews/`. */
  z.object({ type: z.literal("preview"), ...every, ...place, file: fileName }),
  /** In the stage "synthesise" on held-out training images, with the step that it judges; else on the test set. */
  z.object({
    type: z.literal("evaluation"),
    ...every,
    ...place,
    set: evaluatedSetSchema,
    net: z.string(),
    ipc: count,
    trial: count,
    /** As a fraction. */
    accuracy: z.number().min(0).max(1),
  }),
  /** `file` lies in `checkpoints/`. */
  z.object({ type: z.literal("checkpoint"), ...every, ...place, file: fileName }),
  z.object({ type: z.literal("status"), ...every, ...place, status: runStatusSchema }),
  z.object({
    type: z.literal("warning"),
    ...every,
    stage: stageSchema.optional(),
    step: count.optional(),
    ...failure,
  }),
  z.object({ type: z.literal("done"), ...every, ...place }),
  z.object({ type: z.literal("failed"), ...every, ...place, ...failure }),
]);

export type RunEvent = z.infer<typeof runEventSchema>;
export type Stage = z.infer<typeof stageSchema>;
export type EvaluatedSet = z.infer<typeof evaluatedSetSchema>;
