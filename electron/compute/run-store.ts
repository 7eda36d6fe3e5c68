// A run folder on this machine's disk as a session of an experiment needs it.

import type { RunStore } from "../../shared/experiment/ports.ts";
import {
  appendEvents,
  beginSession,
  endSession,
  listCheckpoints,
  lockRun,
  type Run,
  readCheckpoint,
  readInitial,
  sweepTemporary,
  writeCheckpoint,
  writePreview,
  writeResult,
} from "../host/runs/index.ts";

/** Has the run's lock until it is disposed. Throws UserError "run-locked". */
export async function openRunStore(run: Run): Promise<RunStore & AsyncDisposable> {
  const lock = await lockRun(run.path);
  await sweepTemporary(run);
  return {
    path: run.path,
    record: run.record,
    listCheckpoints: async () => (await listCheckpoints(run)).map(({ name }) => name),
    readCheckpoint: (name) => readCheckpoint(run, name),
    readInitial: () => readInitial(run),
    begin: (start) => beginSession(run, start),
    end: (end) => endSession(run, end),
    appendEvents: (events) => appendEvents(run, events),
    writeCheckpoint: (name, bytes) => writeCheckpoint(run, name, bytes),
    writePreview: async (step, { pixels, width, height, channels }) => {
      await writePreview(run, step, { pixels, width, height, channels: channels === 1 ? 1 : 3 });
    },
    writeFile: (name, bytes) => writeResult(run, name, bytes),
    [Symbol.asyncDispose]: () => lock.release(),
  };
}
