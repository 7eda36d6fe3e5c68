// Gives a stored dataset another name to show; nothing else of it changes.

import { join } from "node:path";
import type { DatasetManifest } from "../../../shared/data/manifest.ts";
import { writeFileAtomic } from "../files.ts";
import { withLock } from "../lock.ts";
import type { Store } from "../store.ts";
import { folderOf, lockOfDatasets, readManifest } from "./catalogue.ts";

/** Errors: those of reading the manifest, and of a full disk. */
export async function renameDataset(store: Store, id: string, name: string): Promise<DatasetManifest> {
  return withLock(lockOfDatasets(store), async () => {
    const manifest = { ...(await readManifest(store, id)), name };
    await writeFileAtomic(join(folderOf(store, id), "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
    return manifest;
  });
}
