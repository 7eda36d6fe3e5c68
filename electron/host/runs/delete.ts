// Deletes a run: the whole folder in the store; of a folder that the user chose, only what Stillroom wrote there.

import { lstat, readdir, rm, rmdir } from "node:fs/promises";
import { extname, join } from "node:path";
import type { RunList } from "../../../shared/api/runs.ts";
import { explainFileError, isMissing, measureFiles, removeFolder } from "../files.ts";
import { isLockFile } from "../lock.ts";
import {
  CHECKPOINTS,
  EVENTS_FILE,
  INITIAL_FILE,
  isTemporaryName,
  LOCKS,
  PREVIEWS,
  RECORD_FILE,
  type Run,
  resultFiles,
} from "./folder.ts";
import { findRunOwner, lockRun, runLockedError } from "./owner.ts";
import { pointerFile, runFolderInStore } from "./store.ts";

export type Deletion = {
  /** Names in the user's folder that were left where they are, exports among them. */ readonly kept: string[];
};

/** What `listRuns` names as broken: a folder of the store, or a file that points to a folder elsewhere. */
export type BrokenRun = RunList["broken"][number];

/** Throws UserError "run-locked" while a process computes the run, and those of files that may not be removed. */
export async function deleteRun(root: string, run: Run): Promise<Deletion> {
  // Held to the end, so that nobody begins to compute what is going.
  await using _lock = await lockRun(run.path);
  try {
    if (isInStore(root, run)) {
      await removeFolder(run.path);
      return { kept: [] };
    }
    const kept = await removeOurs(run.path);
    await rm(pointerFile(root, run.record.id), { force: true });
    return { kept };
  } catch (error) {
    throw explainFileError(error, run.path);
  }
}

/** Bytes on the disk that `deleteRun` frees. */
export async function measureRun(root: string, run: Run): Promise<number> {
  return measureFiles(isInStore(root, run) ? [run.path] : await listOurs(run.path));
}

/** Removes what cannot be read: a folder in the store, or the entry of one elsewhere, which stays as it is. */
export async function deleteBrokenRun({ path }: BrokenRun): Promise<void> {
  if (!isEntry(path)) await requireIdle(path);
  await (isEntry(path) ? rm(path) : removeFolder(path)).catch((error) => {
    throw explainFileError(error, path);
  });
}

/** Whether a broken run is but an entry in the list: its folder is gone, damaged or another run's by now. */
export const isEntry = (path: string) => extname(path) === ".json";

const isInStore = (root: string, { path, record }: Run) => path === runFolderInStore(root, record.id);

/** Throws UserError "run-locked" while a process computes the run. */
export async function requireIdle(folder: string): Promise<void> {
  const owner = await findRunOwner(folder);
  if (owner !== undefined) throw runLockedError(folder, owner);
}

/** The places in a run folder where files of ours lie, and their names there. */
const places: readonly { readonly folder: string; readonly isOurs: (name: string) => boolean }[] = [
  { folder: PREVIEWS, isOurs: (name) => /^\d{6,15}\.png$/.test(name) },
  { folder: CHECKPOINTS, isOurs: (name) => /^[a-z0-9][a-z0-9.-]*\.safetensors$/.test(name) },
  { folder: LOCKS, isOurs: isLockFile },
  {
    folder: ".",
    isOurs: (name) => [RECORD_FILE, EVENTS_FILE, INITIAL_FILE, ...resultFiles].some((each) => each === name),
  },
];

async function listOurs(run: string): Promise<string[]> {
  const found: string[] = [];
  for (const { folder, isOurs } of places) {
    const path = join(run, folder);
    // Never through a link.
    if (!(await lstat(path).catch(() => undefined))?.isDirectory()) continue;
    const names = (await readdir(path)).filter((name) => isOurs(name) || isTemporaryName(name));
    found.push(...names.map((name) => join(path, name)));
  }
  return found;
}

/** Removes files of ours, then the folders in which nothing is left; returns what stays. */
async function removeOurs(run: string): Promise<string[]> {
  const files = await listOurs(run);
  await rm(join(run, RECORD_FILE), { force: true }); // first: from here on it is no run
  for (const path of files) await rm(path, { force: true });
  for (const { folder } of places) {
    const path = join(run, folder);
    // Not empty: something of the user's. A link is the user's, too.
    if ((await lstat(path).catch(() => undefined))?.isDirectory()) await rmdir(path).catch(() => {});
  }
  return readdir(run).catch((error) => {
    if (isMissing(error)) return [];
    throw error;
  });
}
