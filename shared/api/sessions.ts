// Sessions: how a Worker in the page, which reaches no files, computes a run that the host stores.

import { z } from "zod";
import { stageSchema } from "../experiment/events.ts";
import { failureFields } from "./failure.ts";

const count = z.int().nonnegative();

/** Where a session begins: the run's events are cut to `events`, and the run is marked as running. */
export const sessionStart = z.strictObject({
  backend: z.string(),
  adapter: z.string(),
  events: count,
  stage: stageSchema,
  step: count,
  evaluate: z.boolean(),
  /** Ends the session that another page of this host has, e.g. the same page before it was reloaded. */
  takeOver: z.boolean().optional(),
});
export type SessionStart = z.infer<typeof sessionStart>;

/** How it ended; `seconds` of each stage in this session. */
export const sessionEnd = z.strictObject({
  status: z.enum(["done", "stopped", "failed"]),
  /** Left out when a failure outside of the experiment ended it. */
  stage: stageSchema.optional(),
  step: count.optional(),
  error: z.object(failureFields).optional(),
  seconds: z.partialRecord(stageSchema, z.number().nonnegative()).optional(),
});
export type SessionEnd = z.infer<typeof sessionEnd>;

/** The answer of POST /api/runs/:id/session. Every later write of this session carries the id in SESSION_HEADER. */
export const sessionAnswer = z.object({ session: z.string() });

/** Of PATCH: ends the session; without an outcome it only says that the page is still there, as every write does. */
export const sessionPatch = z.strictObject({ outcome: sessionEnd.optional() });

export const SESSION_HEADER = "stillroom-session";
/** A session that says nothing for so long was left by a page that is gone. */
export const SESSION_SILENCE_SECONDS = 150;
