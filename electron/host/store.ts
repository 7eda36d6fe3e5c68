// The store: the folder where datasets, runs and artifacts live, and the scratch folders of work in progress.

import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { UserError } from "../../shared/lib/user-error.ts";
import { explainFileError, makeFolder, writeFileAtomic } from "./files.ts";
import { acquireLock, findOwner } from "./lock.ts";

const STORE_VERSION = 1;
const SCRATCH_LOCK = "scratch-";

export interface Store {
  readonly home: string;
  /** `<id>/manifest.json` and packed pixels. */
  readonly datasets: string;
  readonly runs: string;
  readonly artifacts: string;
  /** Work in progress; what a killed process left here is swept. */
  readonly scratch: string;
  readonly locks: string;
}

export interface Scratch {
  readonly path: string;
  /** Removes the folder, or what is left of it after a rename. */
  dispose(): Promise<void>;
}

/** The system's application-data folder, or STILLROOM_HOME. */
export function findHome(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  if (env.STILLROOM_HOME) return resolve(env.STILLROOM_HOME);
  if (platform === "darwin") return join(homedir(), "Library", "Application Support", "Stillroom");
  if (platform === "win32") return join(env.LOCALAPPDATA || join(homedir(), "AppData", "Local"), "Stillroom");
  return join(env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "stillroom");
}

/** Opens the store, making it when there is none. Errors: store-newer, store-damaged, and those of files. */
export async function openStore(home = findHome()): Promise<Store> {
  const store: Store = {
    home,
    datasets: join(home, "datasets"),
    runs: join(home, "runs"),
    artifacts: join(home, "artifacts"),
    scratch: join(home, "scratch"),
    locks: join(home, "locks"),
  };
  try {
    for (const folder of Object.values(store)) await makeFolder(folder);
    await checkVersion(join(home, "store.json"));
  } catch (error) {
    throw explainFileError(error, home);
  }
  return store;
}

async function checkVersion(path: string): Promise<void> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return writeFileAtomic(path, `${JSON.stringify({ version: STORE_VERSION })}\n`);
  const version = parseVersion(text);
  if (version === undefined) {
    throw new UserError(
      "store-damaged",
      `${path} is not a Stillroom store file.`,
      "If this folder is a store, delete that file; otherwise set STILLROOM_HOME to an empty folder.",
    );
  }
  if (version > STORE_VERSION) {
    throw new UserError(
      "store-newer",
      `The store in ${path} is from a newer version of Stillroom (${version}; this one knows ${STORE_VERSION}).`,
      "Update Stillroom, or set STILLROOM_HOME to another folder.",
    );
  }
}

function parseVersion(text: string): number | undefined {
  try {
    const version = (JSON.parse(text) as { version?: unknown } | null)?.version;
    return typeof version === "number" && Number.isInteger(version) && version > 0 ? version : undefined;
  } catch {
    return undefined;
  }
}

/** A new empty folder on the store's disk, so that finished work is moved into place by one rename. */
export async function createScratch(store: Store): Promise<Scratch> {
  await sweepScratch(store);
  const id = randomUUID();
  const path = join(store.scratch, id);
  // The folder comes after its lock: one without a lock is a dead process's.
  const lock = await acquireLock(lockOfScratch(store, id));
  await mkdir(path);
  return {
    path,
    async dispose() {
      await rm(path, { recursive: true, force: true });
      await lock.release();
    },
  };
}

/** Removes scratch folders whose process has died. */
export async function sweepScratch(store: Store): Promise<void> {
  for (const id of await readdir(store.scratch)) {
    const lock = lockOfScratch(store, id);
    if (await findOwner(lock)) continue;
    await rm(join(store.scratch, id), { recursive: true, force: true });
    await rmdir(lock).catch(() => {}); // gone with its owner
  }
  // A start that was killed before it made its folder. Another may be about to: its folder is not ours to remove.
  for (const name of (await readdir(store.locks)).filter((each) => each.startsWith(SCRATCH_LOCK))) {
    if ((await findOwner(join(store.locks, name))) === undefined) await rmdir(join(store.locks, name)).catch(() => {});
  }
}

function lockOfScratch(store: Store, id: string): string {
  return join(store.locks, `${SCRATCH_LOCK}${id}`);
}
