// Run folders: made, locked, written and read.
export {
  BEST,
  type CheckpointEntry,
  checkpointPath,
  listCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoints.ts";
export { type Deletion, deleteRun } from "./delete.ts";
export { explainDiskErrors } from "./disk-errors.ts";
export { appendEvents, cutEvents, readEvents } from "./events.ts";
export {
  EVENTS_FILE,
  EXPORTS,
  PREVIEWS,
  type ResultFile,
  type Run,
  readResult,
  resultFiles,
  writeResult,
} from "./folder.ts";
export { followRun } from "./follow.ts";
export { settleRun } from "./interrupted.ts";
export { findOwner, lockedError, lockFolder, type RunLock, type RunOwner } from "./lock.ts";
export { listPreviews, type PreviewEntry, writePreview } from "./previews.ts";
export { updateRun } from "./record.ts";
export { checkSchema } from "./schema-errors.ts";
export { beginSession, endSession } from "./session.ts";
export { createRun, listRuns, openRun, openRunById } from "./store.ts";
export { sweepTemporary } from "./sweep.ts";
