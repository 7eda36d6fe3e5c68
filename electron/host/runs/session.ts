// The sessions of a run in its run.json: begun where a checkpoint says, ended with an outcome.

import type { SessionEnd, SessionStart } from "../../../shared/api/sessions.ts";
import { cutEvents } from "./events.ts";
import type { Run } from "./folder.ts";
import { updateRun } from "./record.ts";

/** Only for the holder of the run's lock. Throws UserError "events-missing", with nothing changed. */
export async function beginSession(
  run: Run,
  { events, stage, step, backend, adapter, evaluate, imagesAtOnce }: SessionStart,
): Promise<void> {
  await cutEvents(run, events);
  const session = { startedAt: new Date().toISOString(), from: { stage, step } };
  const sessions = [...run.record.sessions, session];
  const pieces = imagesAtOnce === undefined ? {} : { imagesAtOnce };
  await updateRun(run, {
    status: "running",
    stage,
    step,
    backend,
    adapter,
    evaluate,
    ...pieces,
    sessions,
    error: null,
  });
}

/** Fields of the outcome that are missing stay as they were. */
export async function endSession(run: Run, { status, stage, step, error, seconds = {} }: SessionEnd): Promise<void> {
  const timings = { ...run.record.timings };
  for (const [name, more] of Object.entries(seconds) as [keyof typeof timings, number][]) {
    timings[name] = (timings[name] ?? 0) + more;
  }
  const last = run.record.sessions.at(-1);
  await updateRun(run, {
    status,
    ...(stage !== undefined && { stage }),
    ...(step !== undefined && { step }),
    timings,
    ...(last && { sessions: run.record.sessions.with(-1, { ...last, endedAt: new Date().toISOString() }) }),
    error: error ?? null,
  });
}
