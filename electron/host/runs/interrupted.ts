// A run that says it is running while nobody computes it: its process was killed, or the machine went down.

import type { Run } from "./folder.ts";
import { findRunOwner } from "./owner.ts";
import { readRunFolder } from "./record.ts";
import { endSession } from "./session.ts";

const interrupted = {
  code: "interrupted",
  message: "The program that computed this run ended before the run did.",
  hint: "Resume it: it goes on from its last checkpoint.",
};

/** Marks such a run as stopped, with the reason, so that it is offered again; any other stays as it is. */
export async function settleRun(run: Run, error = interrupted): Promise<Run> {
  if (run.record.status !== "running" || (await findRunOwner(run.path)) !== undefined) return run;
  // It may have ended between the two looks.
  const now = (await readRunFolder(run.path)) ?? run;
  if (now.record.status === "running") await endSession(now, { status: "stopped", error });
  return now;
}
