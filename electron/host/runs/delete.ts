// Deletes a run: the whole folder in the store; of a folder that the user chose, only what Stillroom wrote there.

import { randomUUID } from "node:crypto";
import { lstat, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  CHECKPOINTS,
  EVENTS_FILE,
  isMissing,
  isTemporaryName,
  LOCKS,
  PREVIEWS,
  RECORD_FILE,
  type Run,
  resultFiles,
} from "./folder.ts";
import { findOwner, lockedError } from "./lock.ts";
import { pointerFile, runFolderInStore } from "./store.ts";

const TRASH = /^\.deleted-[0-9a-f-]{36}$/;

export type Deletion = {
  /** Names in the user's folder that were left where they are, exports among them. */ readonly kept: string[];
};

/** Throws UserError "run-locked" while a process computes the run. */
export async function deleteRun(root: string, run: Run): Promise<Deletion> {
  const owner = await findOwner(run.path);
  if (owner !== undefined) throw lockedError(run.path, owner);
  const { id } = run.record;
  if (run.path === runFolderInStore(root, id)) {
    await removeWhole(run.path);
    return { kept: [] };
  }
  const kept = await removeOurs(run.path);
  await rm(pointerFile(root, id), { force: true });
  return { kept };
}

/** One rename, so that a kill leaves the run whole or gone; what an earlier kill left goes too. */
async function removeWhole(folder: string): Promise<void> {
  const runs = dirname(folder);
  await rename(folder, join(runs, `.deleted-${randomUUID()}`));
  for (const name of await readdir(runs)) {
    if (TRASH.test(name)) await rm(join(runs, name), { recursive: true, force: true });
  }
}

async function removeOurs(folder: string): Promise<string[]> {
  await rm(join(folder, RECORD_FILE), { force: true }); // first: from here on it is no run
  for (const name of [EVENTS_FILE, ...resultFiles]) await rm(join(folder, name), { force: true });
  await removeMatching(join(folder, PREVIEWS), /^\d{6,15}\.png$/);
  await removeMatching(join(folder, CHECKPOINTS), /^[a-z0-9][a-z0-9.-]*\.safetensors$/);
  await removeMatching(join(folder, LOCKS), /^\d+-[0-9a-f-]{36}\.json$/);
  await removeMatching(folder, /^$/);
  return readdir(folder).catch((error) => {
    if (isMissing(error)) return [];
    throw error;
  });
}

/** Removes the files of ours in a real folder (never through a link), and the folder when nothing is left. */
async function removeMatching(folder: string, pattern: RegExp): Promise<void> {
  const kind = await lstat(folder).catch(() => undefined);
  if (!kind?.isDirectory()) return;
  for (const name of await readdir(folder)) {
    if (pattern.test(name) || isTemporaryName(name)) await rm(join(folder, name), { force: true });
  }
  await rmdir(folder).catch(() => {}); // not empty: something of the user's
}
