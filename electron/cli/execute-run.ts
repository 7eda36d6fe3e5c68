// Runs an experiment in a run folder for the command line, from its start or from its last good checkpoint.

import { runSession } from "../../shared/experiment/session.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { openRunStore } from "../compute/run-store.ts";
import { storedDatasetOf } from "../compute/stored-dataset.ts";
import { openArtifactStore } from "../host/artifacts.ts";
import type { Dataset } from "../host/datasets/index.ts";
import type { Run } from "../host/runs/index.ts";
import type { Cli } from "./cli.ts";
import { programName } from "./program-name.ts";

/** Computes the run until it is done, stopped or failed. Throws UserError "stopped" or what made it fail. */
export async function executeRun(cli: Cli, run: Run, dataset: Dataset, evaluate: boolean): Promise<void> {
  await using store = await openRunStore(run);
  // Warnings among the events are shown, too.
  const appendEvents: typeof store.appendEvents = async (events) => {
    await store.appendEvents(events);
    for (const event of events) {
      if (event.type === "warning") cli.output.warn(`${event.message} ${event.hint}`.trimEnd());
    }
  };
  const { stage, step, status, error } = await runSession({
    store: { ...store, appendEvents },
    artifacts: openArtifactStore((await cli.host()).store),
    dataset: storedDatasetOf(dataset),
    openRuntime: () => cli.runtime(),
    evaluate,
    signal: cli.signal,
    clock: () => Date.now(),
    onProgress: ({ stage: at, ...progress }) => cli.output.progress(at.padEnd(10), progress),
    onNotice: (message) => cli.output.warn(message),
  });
  cli.output.clearLine();
  if (error) throw error;
  if (status === "stopped") {
    // Of an evaluation only finished trainings are kept.
    const lost = stage === "evaluate" ? "the network in training begins again" : "nothing is lost";
    throw new UserError(
      "stopped",
      `Stopped in ${stage} at step ${step}; ${lost}.`,
      `Go on with: ${programName()} resume ${run.record.id}`,
    );
  }
}
