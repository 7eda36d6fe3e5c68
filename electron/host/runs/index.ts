// Run folders: made, locked, written and read.
export {
  checkpointPath,
  listCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoints.ts";
export { deleteBrokenRun, deleteRun, isEntry, measureRun, requireIdle } from "./delete.ts";
export { listEarlierSets, readEarlierSet, readInitial, readSet, resolveWithSet } from "./earlier-set.ts";
export { appendEvents, cutEvents, readEvents } from "./events.ts";
export {
  EXPORTS,
  PREVIEWS,
  type Run,
  readResult,
  writeResult,
} from "./folder.ts";
export { followRun } from "./follow.ts";
export { settleRun } from "./interrupted.ts";
export { sketchLoss } from "./loss-sketch.ts";
export { findNearest } from "./nearest.ts";
export { readNewestSet } from "./newest-set.ts";
export { findRunOwner, lockRun, runLockedError } from "./owner.ts";
export { listPreviews, writePreview } from "./previews.ts";
export { updateRun } from "./record.ts";
export { checkSchema } from "./schema-errors.ts";
export { beginSession, endSession } from "./session.ts";
export { createRun, listRuns, openRun, openRunById } from "./store.ts";
export { sweepTemporary } from "./sweep.ts";
export { listKeptSteps, readDatasetOf, readSynthetic } from "./synthetic.ts";
