// Sessions of Workers in pages: the host holds the run's lock for them, passes on how they go, and gives up on a page that is gone.

import { randomUUID } from "node:crypto";
import { type ComputeState, type ProgressLine, summariseProgress } from "../../shared/api/compute.ts";
import {
  SESSION_SILENCE_SECONDS,
  type SessionEnd,
  type SessionNews,
  type SessionRequest,
  type SessionState,
  STOP_SILENCE_SECONDS,
  windowGone,
} from "../../shared/api/sessions.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import type { ComputeSignal } from "./compute.ts";
import { beginSession, endSession, lockRun, type Run, sweepTemporary } from "./runs/index.ts";
import type { Signals } from "./signals.ts";

interface Open {
  readonly id: string;
  readonly page: string | undefined;
  readonly run: Run;
  readonly release: () => Promise<void>;
  silence: NodeJS.Timeout | undefined;
  progress: ProgressLine | undefined;
  isToStop: boolean;
  isToFinish: boolean;
}

export type PageSessions = ReturnType<typeof createPageSessions>;

/** How long nothing may be heard of a page, in milliseconds. */
export interface Patience {
  readonly silence: number;
  /** Of a page that was asked to stop. */
  readonly stop: number;
}

export function createPageSessions(
  signals: Signals<ComputeSignal>,
  patience: Patience = { silence: SESSION_SILENCE_SECONDS * 1000, stop: STOP_SILENCE_SECONDS * 1000 },
) {
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
  /** Something was heard: the wait begins again. */
  const hear = (open: Open): void => {
    clearTimeout(open.silence);
    const giveUp = () => {
      const current = sessions.get(open.run.record.id);
      if (current?.id === open.id) void end(current, windowGone).catch(() => {});
    };
    open.silence = setTimeout(giveUp, open.isToStop ? patience.stop : patience.silence).unref();
  };
  const mine = (runId: string, session: string | undefined): Open => {
    const open = sessions.get(runId);
    if (open === undefined || open.id !== session) throw sessionOver(runId);
    return open;
  };

  return {
    has: (runId: string) => sessions.has(runId),

    /** What pages compute now. */
    running: (): NonNullable<ComputeState["running"]>[] =>
      [...sessions].map(([runId, { progress }]) => ({ runId, where: "page", ...summariseProgress(progress) })),

    /** `session` begins anew where it is given. Throws UserError "run-locked" while anybody else computes the run. */
    async begin(run: Run, { page, ...start }: SessionRequest, session?: string): Promise<string> {
      const { id: runId } = run.record;
      const before = sessions.get(runId);
      if (before && session !== undefined) {
        const open = mine(runId, session);
        hear(open);
        await beginSession(open.run, start);
        signals.send(runId, { type: "cut", events: start.events });
        return session;
      }
      if (before && page !== undefined && before.page === page) await end(before, windowGone);
      else if (before) throw computedElsewhere(runId);
      const lock = await lockRun(run.path);
      try {
        await sweepTemporary(run);
        await beginSession(run, start);
      } catch (error) {
        await lock.release();
        throw error;
      }
      const open: Open = {
        id: randomUUID(),
        page,
        run,
        release: () => lock.release(),
        silence: undefined,
        progress: undefined,
        isToStop: false,
        isToFinish: false,
      };
      sessions.set(runId, open);
      hear(open);
      signals.send(runId, { type: "cut", events: start.events });
      return open.id;
    },

    /** Throws UserError "run-locked" where a page computes the run. */
    refuse(runId: string): void {
      if (sessions.has(runId)) throw computedElsewhere(runId);
    },

    /** Refuses a write to a run that a session has, unless it is this one's. Throws UserError "session-over". */
    check(runId: string, session: string | undefined): void {
      if (sessions.has(runId) || session !== undefined) hear(mine(runId, session));
    },

    /** Passes on what a page tells of its run, and answers with what is wanted of it. */
    report(runId: string, session: string | undefined, { progress, notice }: SessionNews): SessionState {
      const open = mine(runId, session);
      hear(open);
      if (progress) {
        open.progress = progress;
        signals.send(runId, progress);
      }
      if (notice !== undefined) signals.send(runId, { type: "notice", message: notice });
      return { stop: open.isToStop, finish: open.isToFinish };
    },

    /** Asks the page to stop, which hears it with its next report; true where a page computes the run. */
    stop(runId: string): boolean {
      const open = sessions.get(runId);
      if (open === undefined) return false;
      open.isToStop = true;
      hear(open);
      return true;
    },

    /** Asks the page to end the distillation and to go on with what comes after it; true where a page computes the run. */
    finish(runId: string): boolean {
      const open = sessions.get(runId);
      if (open) open.isToFinish = true;
      return open !== undefined;
    },

    /** The newest progress at once, then every signal until the returned function is called. */
    follow(runId: string, listener: (signal: ComputeSignal) => void): () => void {
      const progress = sessions.get(runId)?.progress;
      if (progress) listener(progress);
      return signals.listen(runId, listener);
    },

    async end(runId: string, session: string | undefined, outcome: SessionEnd): Promise<void> {
      await end(mine(runId, session), outcome);
    },

    /** Ends every session, as when the program ends. */
    async dispose(): Promise<void> {
      // A folder that is gone keeps no other session open.
      await Promise.allSettled([...sessions.values()].map((open) => end(open, windowGone)));
    },
  };
}

function computedElsewhere(runId: string): UserError {
  return new UserError(
    "run-locked",
    `The run "${runId}" is being computed in another window of Stillroom.`,
    "Pause it first, here or there; then it can be resumed where you like.",
  );
}

function sessionOver(runId: string): UserError {
  return new UserError(
    "session-over",
    `Another window computes the run "${runId}", or its session is over.`,
    "Look at the run there, or resume it here.",
  );
}
