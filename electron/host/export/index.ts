// Exports of a run's distilled set.
export { makeClassFolders } from "./class-folders.ts";
export { describeClipping } from "./clipping.ts";
export { deleteExport, exportRun, listExportFiles } from "./export-run.ts";
export { exportFormats } from "./formats/index.ts";
export { planExport } from "./plan.ts";
export { type RunResults, readEvaluation, readResults } from "./source.ts";
