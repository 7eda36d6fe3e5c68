// Sessions: how a Worker in the page, which reaches no files, computes a run that the host stores.

import { z } from "zod";
import { sessionEnd, sessionStart } from "../experiment/session-record.ts";

export type { SessionEnd, SessionStart } from "../experiment/session-record.ts";

/** Of POST /api/runs/:id/session. */
export const sessionRequest = sessionStart.extend({
  /** Ends the session that another page of this host has, e.g. the same page before it was reloaded. */
  takeOver: z.boolean().optional(),
});
export type SessionRequest = z.infer<typeof sessionRequest>;

/** The answer of POST /api/runs/:id/session. Every later write of this session carries the id in SESSION_HEADER. */
export const sessionAnswer = z.object({ session: z.string() });

/** Of PATCH: ends the session; without an outcome it only says that the page is still there, as every write does. */
export const sessionPatch = z.strictObject({ outcome: sessionEnd.optional() });

export const SESSION_HEADER = "stillroom-session";
/** A session that says nothing for so long was left by a page that is gone. */
export const SESSION_SILENCE_SECONDS = 150;
