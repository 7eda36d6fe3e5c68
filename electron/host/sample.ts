// The sample dataset that comes with the app: a small part of Fashion-MNIST.

import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ImportOptions } from "../../shared/api/datasets.ts";
import { type ImportContext, type ImportResult, importDataset } from "./datasets/index.ts";
import { explainFileError } from "./files.ts";
import { createScratch, type Store } from "./store.ts";

export const samplePath = fileURLToPath(new URL("../../assets/fashion-mnist-sample.zip", import.meta.url));

export const hasSample = (): boolean => existsSync(samplePath);

/**
 * Imports a copy: packaged, the sample lies inside the app's archive, where only the file functions that Electron has
 * changed can read it, and a zip is read by others. Errors: those of an import.
 */
export async function importSample(
  store: Store,
  options: ImportOptions,
  context: ImportContext,
): Promise<ImportResult> {
  const scratch = await createScratch(store);
  try {
    const copy = join(scratch.path, basename(samplePath));
    await writeFile(copy, await readFile(samplePath));
    return await importDataset(store, copy, options, { ...context, shownAs: "the sample that comes with Stillroom" });
  } catch (error) {
    throw explainFileError(error, samplePath);
  } finally {
    await scratch.dispose();
  }
}
