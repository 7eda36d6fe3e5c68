// Sessions: how a Worker in the page, which reaches no files, computes a run that the host stores.

import { z } from "zod";
import { type SessionEnd, sessionEnd, sessionStart } from "../experiment/session-record.ts";
import { progressLine } from "./compute.ts";

export type { SessionEnd, SessionStart } from "../experiment/session-record.ts";

/** Of POST /api/runs/:id/session. With SESSION_HEADER that session begins anew, e.g. on a new device. */
export const sessionRequest = sessionStart.extend({
  /** Known to nobody but the page: a session that this very page left behind when it was reloaded is ended. */
  page: z.string().min(1).max(100).optional(),
});
export type SessionRequest = z.infer<typeof sessionRequest>;

/** The answer of POST /api/runs/:id/session. Every later write of this session carries the id in SESSION_HEADER. */
export const sessionAnswer = z.object({ session: z.string() });

/** Of PATCH: tells how it goes, or ends the session; even an empty one says that the page is still there. */
export const sessionPatch = z.strictObject({
  progress: progressLine.optional(),
  /** Something for whoever follows the run. */
  notice: z.string().max(2000).optional(),
  outcome: sessionEnd.optional(),
});
export type SessionNews = Omit<z.infer<typeof sessionPatch>, "outcome">;

/** The answer of PATCH: whether somebody has asked for the run to be stopped. */
export const sessionState = z.object({ stop: z.boolean() });
export type SessionState = z.infer<typeof sessionState>;

export const SESSION_HEADER = "stillroom-session";
/** A session that says nothing for so long was left by a page that is gone. */
export const SESSION_SILENCE_SECONDS = 150;
/** A session that was asked to stop and says nothing for so long: nobody waits longer for a window that crashed. */
export const STOP_SILENCE_SECONDS = 20;

/** How a session ends whose window is no more. */
export const windowGone: SessionEnd = {
  status: "stopped",
  error: {
    code: "interrupted",
    message: "The window that computed this run was closed or reloaded.",
    hint: "Resume it: it goes on from its last checkpoint.",
  },
};
