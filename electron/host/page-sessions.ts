// Sessions of Workers in pages: the host holds the run's lock for them, and gives up on a page that is gone.

import { randomUUID } from "node:crypto";
import { SESSION_SILENCE_SECONDS, type SessionEnd, type SessionRequest } from "../../shared/api/sessions.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import type { ComputeSignal } from "./compute.ts";
import { beginSession, endSession, lockRun, type Run, sweepTemporary } from "./runs/index.ts";
import type { Signals } from "./signals.ts";

interface Open {
  readonly id: string;
  readonly run: Run;
  readonly release: () => Promise<void>;
  silence: NodeJS.Timeout;
}

export type PageSessions = ReturnType<typeof createPageSessions>;

export function createPageSessions(signals: Signals<ComputeSignal>, silenceMs = SESSION_SILENCE_SECONDS * 1000) {
  const sessions = new Map<string, Open>();

  const end = async (open: Open, outcome: SessionEnd): Promise<void> => {
    const { id } = open.run.record;
    clearTimeout(open.silence);
    sessions.delete(id);
    try {
      await endSession(open.run, outcome);
    } finally {
      await open.release();
      signals.send(id, { type: "ended", status: outcome.status, ...(outcome.error && { error: outcome.error }) });
    }
  };
  const listen = (open: Omit<Open, "silence">): NodeJS.Timeout => {
    const giveUp = () => {
      const current = sessions.get(open.run.record.id);
      if (current?.id === open.id) void end(current, gone).catch(() => {});
    };
    return setTimeout(giveUp, silenceMs).unref();
  };

  return {
    has: (runId: string) => sessions.has(runId),

    /** Throws UserError "run-locked" while anybody else computes the run. */
    async begin(run: Run, { takeOver, ...start }: SessionRequest): Promise<string> {
      const before = sessions.get(run.record.id);
      if (before && takeOver) await end(before, gone);
      const lock = await lockRun(run.path);
      try {
        await sweepTemporary(run);
        await beginSession(run, start);
      } catch (error) {
        await lock.release();
        throw error;
      }
      const open = { id: randomUUID(), run, release: () => lock.release() };
      sessions.set(run.record.id, { ...open, silence: listen(open) });
      signals.send(run.record.id, { type: "cut", events: start.events });
      return open.id;
    },

    /** Refuses a write to a run that a session has, unless it is this one's. Throws UserError "session-over". */
    check(runId: string, session: string | undefined): void {
      const open = sessions.get(runId);
      if (open === undefined && session === undefined) return;
      if (open === undefined || open.id !== session) throw sessionOver(runId);
      clearTimeout(open.silence);
      open.silence = listen(open);
    },

    async end(runId: string, session: string | undefined, outcome: SessionEnd): Promise<void> {
      const open = sessions.get(runId);
      if (open === undefined || open.id !== session) throw sessionOver(runId);
      await end(open, outcome);
    },

    /** Ends every session, as when the program ends. */
    async dispose(): Promise<void> {
      // A folder that is gone keeps no other session open.
      await Promise.allSettled([...sessions.values()].map((open) => end(open, gone)));
    },
  };
}

const gone: SessionEnd = {
  status: "stopped",
  error: {
    code: "interrupted",
    message: "The window that computed this run was closed or reloaded.",
    hint: "Resume it: it goes on from its last checkpoint.",
  },
};

function sessionOver(runId: string): UserError {
  return new UserError(
    "session-over",
    `Another window computes the run "${runId}", or its session is over.`,
    "Look at the run there, or resume it here.",
  );
}
