// Exports of a run's distilled set.
export { makeClassFolders } from "./class-folders.ts";
export { describeClipping } from "./clipping.ts";
export { type ExportResult, exportRun, listExportFiles } from "./export-run.ts";
export { type ExportFormatId, exportFormats } from "./formats/index.ts";
export { type ExportOptions, type ExportPlan, type ExportTree, planExport } from "./plan.ts";
export { type RunResults, readEvaluation, readResults } from "./source.ts";
