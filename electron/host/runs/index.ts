// Run folders: made, locked, written and read.
export {
  type CheckpointEntry,
  checkpointPath,
  listCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoints.ts";
export { type BrokenRun, deleteBrokenRun, deleteRun, isEntry, measureRun, requireIdle } from "./delete.ts";
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
export { findRunOwner, lockRun, runLockedError } from "./owner.ts";
export { listPreviews, type PreviewEntry, writePreview } from "./previews.ts";
export { updateRun } from "./record.ts";
export { checkSchema } from "./schema-errors.ts";
export { createRun, listRuns, openRun, openRunById } from "./store.ts";
export { sweepTemporary } from "./sweep.ts";
