// A stored dataset ready for reading; a path is imported first.

import { access } from "node:fs/promises";
import type { ImportOptions } from "../../../shared/api/datasets.ts";
import type { DatasetManifest, SplitName } from "../../../shared/data/manifest.ts";
import type { Store } from "../store.ts";
import { folderOf, isDatasetId, readManifest } from "./catalogue.ts";
import { ChunkCache, readImages, type Which } from "./images.ts";
import { type ImportContext, importDataset } from "./import.ts";

export interface Dataset {
  readonly manifest: DatasetManifest;
  readonly folder: string;
  /** Pixels as uint8, [images][channels][height][width], in stored order or in that of the picks. */
  readImages(split: SplitName, which: Which): Promise<Uint8Array<ArrayBuffer>>;
}

/** Opens a dataset by id, or imports what lies at a path (once: an unchanged source is found again by its listing). */
export async function openDataset(
  store: Store,
  idOrPath: string,
  options: ImportOptions = {},
  context: ImportContext = {},
): Promise<Dataset> {
  const isId = isDatasetId(idOrPath) && !(await exists(idOrPath));
  const manifest = isId
    ? await readManifest(store, idOrPath)
    : (await importDataset(store, idOrPath, options, context)).manifest;
  const folder = folderOf(store, manifest.id);
  const cache = new ChunkCache();
  return { manifest, folder, readImages: (split, which) => readImages(manifest, folder, split, which, cache) };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
