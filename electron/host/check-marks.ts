// Marks that a check of an adapter has begun: whoever finds one later knows that the check took its process, or the machine, with
// it. One file each in the store, beside what is remembered of adapters.

import { readdirSync, readFileSync, rmSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type AdapterIdentity,
  crashedError,
  type UnfinishedCheck,
  unfinishedCheck,
} from "../../shared/api/adapter-notes.ts";
import { ADAPTERS_FOLDER, adapterFileName } from "./adapter-notes.ts";
import { isMissing, makeFolder, writeFileAtomic } from "./files.ts";
import { acquireLock } from "./lock.ts";

const ENDING = ".checking";
/** A check takes ten seconds; another process that needs the adapter waits for it. */
const WAIT_MS = 60_000;

const folderOf = (home: string) => join(home, ADAPTERS_FOLDER);
const pathOf = (home: string, identity: AdapterIdentity) =>
  join(folderOf(home), `${adapterFileName(identity)}${ENDING}`);

/** `pid`: the process that checks, where it is one of ours and not a page. */
export async function beginCheck(home: string, app: string, identity: AdapterIdentity, pid?: number): Promise<void> {
  const mark: UnfinishedCheck = {
    ...identity,
    app,
    since: new Date().toISOString(),
    ...(pid !== undefined && { pid }),
  };
  await makeFolder(folderOf(home));
  await writeFileAtomic(pathOf(home, identity), `${JSON.stringify(mark)}\n`);
}

/** However it ended: what began it is alive. */
export const endCheck = (home: string, identity: AdapterIdentity): Promise<void> =>
  rm(pathOf(home, identity), { force: true });

/** For a process that was killed on purpose while it checked. At once, as the next one may begin. */
export function endChecksOf(home: string, pid: number): void {
  let names: string[] = [];
  try {
    names = readdirSync(folderOf(home));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  for (const name of names.filter((each) => each.endsWith(ENDING))) {
    const path = join(folderOf(home), name);
    if (parse(readFileSync(path, "utf8"))?.pid === pid) rmSync(path, { force: true });
  }
}

/** The check of this adapter that began and did not end, with this driver and version of the app. */
export async function findUnfinished(
  home: string,
  app: string,
  identity: AdapterIdentity,
): Promise<UnfinishedCheck | undefined> {
  const all = await listUnfinished(home, app);
  return all.find(
    ({ place, name, driver }) => place === identity.place && name === identity.name && driver === identity.driver,
  );
}

export async function listUnfinished(home: string, app: string): Promise<UnfinishedCheck[]> {
  const names = await readdir(folderOf(home)).catch((error) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const marks = await Promise.all(
    names
      .filter((name) => name.endsWith(ENDING))
      .map((name) => readFile(join(folderOf(home), name), "utf8").catch(() => "")),
  );
  return marks.map(parse).filter((mark) => mark !== undefined && mark.app === app) as UnfinishedCheck[];
}

/**
 * Runs a check in this process: after one that another process is at, and never again by itself once a check has ended its process,
 * which is UserError "adapter-crashed". `isAsked`: a person names the adapter, and it is tried all the same.
 */
export async function guardCheck<T>(
  { home, app, identity, isAsked }: { home: string; app: string; identity: AdapterIdentity; isAsked: boolean },
  check: () => Promise<T>,
): Promise<T> {
  const folder = join(home, "locks", `check-${adapterFileName(identity)}`);
  await using _lock = await acquireLock(folder, { waitMs: WAIT_MS });
  const unfinished = await findUnfinished(home, app, identity);
  if (unfinished && !isAsked) throw crashedError(unfinished);
  await beginCheck(home, app, identity, process.pid);
  const path = pathOf(home, identity);
  // An orderly end of the process is none that the driver caused.
  const remove = () => rmSync(path, { force: true });
  process.once("exit", remove);
  try {
    return await check();
  } finally {
    process.off("exit", remove);
    remove();
  }
}

/** Undefined for a mark that the crash cut short, or another version wrote. */
function parse(text: string): UnfinishedCheck | undefined {
  try {
    return unfinishedCheck.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
