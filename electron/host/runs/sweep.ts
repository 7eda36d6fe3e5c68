// Removes the temporary files that killed writes left in a run folder.

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../files.ts";
import { CHECKPOINTS, isTemporaryName, PREVIEWS, type Run } from "./folder.ts";

/** Only for the holder of the run's lock: another writer's temporary files look the same. */
export async function sweepTemporary(run: Run): Promise<void> {
  for (const folder of [run.path, join(run.path, CHECKPOINTS), join(run.path, PREVIEWS)]) {
    const names = await readdir(folder).catch((error) => {
      if (isMissing(error)) return [];
      throw error;
    });
    for (const name of names.filter(isTemporaryName)) await rm(join(folder, name), { force: true });
  }
}
