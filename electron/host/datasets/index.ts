// Datasets on the host: import, inspect, list, open, read, delete.

export { deleteDataset, folderOf, isDatasetId, listDatasets, measureDataset, readManifest } from "./catalogue.ts";
export { ChunkCache, readImages, type Which } from "./images.ts";
export { type ImportContext, type ImportResult, importDataset, inspectDataset, surveySource } from "./import.ts";
export { readNames } from "./names.ts";
export { type Dataset, openDataset } from "./open.ts";
export { renameDataset } from "./rename.ts";
