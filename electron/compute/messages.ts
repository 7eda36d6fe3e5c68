// What the host and its computing child process say to each other: one task a process, then messages until it ends.

import { z } from "zod";
import { adapterList, estimateAnswer, estimateRequest, followLine, startRequest } from "../../shared/api/compute.ts";
import { errorBody } from "../../shared/api/failure.ts";
import { runStatusSchema } from "../../shared/experiment/events.ts";

/** The store's folder. */
const home = z.string().min(1);

export const toChild = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("run"), home, runId: z.string(), request: startRequest }),
  z.strictObject({ type: z.literal("estimate"), home, request: estimateRequest }),
  z.strictObject({ type: z.literal("adapters"), measure: z.boolean() }),
  /** Ends the task within a step. */
  z.strictObject({ type: z.literal("stop") }),
]);
export type ToChild = z.infer<typeof toChild>;
export type Task = Exclude<ToChild, { type: "stop" }>;

const lineOf = <T extends string>(type: T) =>
  followLine.options.find((option) => option.shape.type.value === type) as Extract<
    (typeof followLine.options)[number],
    { shape: { type: z.ZodLiteral<T> } }
  >;

export const fromChild = z.discriminatedUnion("type", [
  /** The child listens. */
  z.strictObject({ type: z.literal("ready") }),
  lineOf("cut"),
  lineOf("progress"),
  lineOf("notice"),
  z.strictObject({ type: z.literal("written") }),
  /** The last message of a run. */
  z.strictObject({ type: z.literal("ended"), status: runStatusSchema, error: errorBody.optional() }),
  /** The last message of another task. */
  z.strictObject({ type: z.literal("estimated"), answer: estimateAnswer }),
  z.strictObject({ type: z.literal("listed"), answer: adapterList }),
  z.strictObject({ type: z.literal("failed"), error: errorBody }),
]);
export type FromChild = z.infer<typeof fromChild>;
