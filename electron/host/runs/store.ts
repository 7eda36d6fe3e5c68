// The runs of a store: made, opened and listed. A run lies in <root>/runs/<id>/, or in any folder that the user chose,
// and then <root>/runs/<id>.json points to it.

import { randomUUID } from "node:crypto";
import { access, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { type NewRun, newRunSchema, type OpenedRun, type RunList, runIdSchema } from "../../../shared/api/runs.ts";
import { describeError, UserError } from "../../../shared/lib/user-error.ts";
import { explainFileError, isMissing, makeFolder, writeFileAtomic } from "../files.ts";
import { INITIAL_FILE, isTemporaryName, LOCKS, parseJsonFile, RECORD_FILE, type Run, readIfPresent } from "./folder.ts";
import { lockRun } from "./owner.ts";
import { readRunFolder, writeRecord } from "./record.ts";
import { checkSchema } from "./schema-errors.ts";

const pointerSchema = z.object({ path: z.string().min(1) });

const runsFolder = (root: string) => join(resolve(root), "runs");
export const runFolderInStore = (root: string, id: string) => join(runsFolder(root), id);
export const pointerFile = (root: string, id: string) => join(runsFolder(root), `${id}.json`);

/**
 * Makes a run; `initial` is the earlier set that its images begin with. `dir` becomes the run folder itself; without it the run lies in the store. Throws UserError
 * "run-exists" when `dir` holds a run, "folder-not-empty" when it holds other things, and those of a full disk.
 */
export async function createRun(
  root: string,
  { dir, record, initial }: { dir?: string; record: NewRun; initial?: Uint8Array },
): Promise<Run> {
  const given = checkSchema(newRunSchema, record, "The new run", "bad-run", "");
  const id = given.id ?? (await chooseId(root, given.name));
  if (!(await isFree(root, id))) {
    throw new UserError("run-exists", `A run with the id "${id}" exists already.`, "Resume it, or choose another id.");
  }
  const path = dir === undefined ? runFolderInStore(root, id) : resolve(dir);
  if (dir !== undefined && dirname(path) === runsFolder(root)) {
    throw new UserError(
      "bad-folder",
      `${path} is a place of the store's own.`,
      "Leave the folder out or choose another.",
    );
  }
  const run: Run = {
    path,
    record: {
      status: "created",
      stage: "prepare",
      step: 0,
      timings: {},
      sessions: [],
      createdAt: new Date().toISOString(),
      ...given,
      version: 1,
      id,
    },
  };
  await requireUsableFolder(path); // before the lock writes anything into a folder of someone else's
  await makeFolder(path).catch((error) => {
    throw explainFileError(error, path);
  });
  await using _lock = await lockRun(path);
  await requireUsableFolder(path);
  if (initial) await writeFileAtomic(join(path, INITIAL_FILE), initial);
  await writeRecord(run);
  if (dir !== undefined) await writePointer(root, run);
  return run;
}

/**
 * Opens a run by its id, its folder, or its run.json. A run folder that the store does not know yet, e.g. a copied one,
 * is listed from then on. Throws UserError "run-not-found" or "bad-run".
 */
export async function openRun(root: string, idOrPath: string): Promise<Run> {
  const known = runIdSchema.safeParse(idOrPath).success ? await openById(root, idOrPath) : undefined;
  if (known !== undefined) return known;
  const path = resolve(basename(idOrPath) === RECORD_FILE ? dirname(idOrPath) : idOrPath);
  const run = await readRunFolder(path);
  if (run === undefined) {
    throw new UserError(
      "run-not-found",
      `There is no run "${idOrPath}": it is neither the id of a run nor a run folder.`,
      "List the runs to see their ids.",
    );
  }
  if (dirname(path) !== runsFolder(root) && (await isFree(root, run.record.id))) await writePointer(root, run);
  return run;
}

/** Opens a run by its id only, as a request from outside names it. Throws UserError "run-not-found" or "bad-run". */
export async function openRunById(root: string, id: string): Promise<Run> {
  const run = runIdSchema.safeParse(id).success ? await openById(root, id) : undefined;
  if (run !== undefined) return run;
  throw new UserError("run-not-found", `There is no run "${id}".`, "List the runs to see their ids.");
}

/** What lies in the store; whether anyone computes it is another look. */
export type StoredRuns = { readonly runs: OpenedRun[]; readonly broken: RunList["broken"] };

/** All runs of the store, newest first; those that cannot be read are named with the reason, and skip nothing else. */
export async function listRuns(root: string): Promise<StoredRuns> {
  const list: StoredRuns = { runs: [], broken: [] };
  for (const name of await listNames(runsFolder(root))) {
    const id = name.replace(/\.json$/, "");
    if (!runIdSchema.safeParse(id).success) continue; // temporary files, and what the system puts into folders
    const path = join(runsFolder(root), name);
    try {
      const run = await openById(root, id);
      if (run === undefined && (await listForeign(path)).length === 0) continue; // a start, killed or just now
      if (run === undefined) throw new UserError("bad-run", `${path} holds no ${RECORD_FILE}.`);
      list.runs.push({ path: run.path, record: run.record });
    } catch (error) {
      list.broken.push({ id, path, reason: describeError(error) });
    }
  }
  // The same instant happens in tests and scripts: then by id, so that the order is always one.
  list.runs.sort(
    (a, b) => compareText(b.record.createdAt, a.record.createdAt) || compareText(a.record.id, b.record.id),
  );
  return list;
}

async function openById(root: string, id: string): Promise<Run | undefined> {
  const inside = runFolderInStore(root, id);
  const run = await readRunFolder(inside);
  if (run !== undefined) {
    if (run.record.id === id) return run;
    throw new UserError("bad-run", `${inside} holds the run "${run.record.id}".`, "Give the folder its run's name.");
  }
  const pointer = pointerFile(root, id);
  const bytes = await readIfPresent(pointer);
  if (bytes === undefined) return undefined;
  const { path } = checkSchema(pointerSchema, parseJsonFile(bytes, pointer), pointer, "bad-run", "Delete that file.");
  const linked = await readRunFolder(path);
  if (linked?.record.id === id) return linked;
  throw new UserError(
    "run-not-found",
    linked === undefined ? `The folder ${path} of run "${id}" holds no run.` : `${path} holds another run now.`,
    `Put the folder back, open it by its new path, or delete ${pointer}.`,
  );
}

async function writePointer(root: string, run: Run): Promise<void> {
  await writeFileAtomic(pointerFile(root, run.record.id), `${JSON.stringify({ path: run.path })}\n`);
}

/** A new run may take a folder that is missing, empty, or holds nothing but what a killed start left there. */
async function requireUsableFolder(path: string): Promise<void> {
  const kind = await stat(path).catch((error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (kind === undefined) return;
  if (!kind.isDirectory()) throw new UserError("bad-folder", `${path} is not a folder.`, "Choose another folder.");
  const names = await listForeign(path);
  if (names.includes(RECORD_FILE)) {
    throw new UserError("run-exists", `${path} holds a run already.`, "Resume that run, or choose another folder.");
  }
  if (names.length > 0) {
    const shown = names.slice(0, 3).join(", ") + (names.length > 3 ? ` and ${names.length - 3} more` : "");
    throw new UserError(
      "folder-not-empty",
      `${path} is not empty: it holds ${shown}.`,
      "Choose an empty or new folder.",
    );
  }
}

/** What a folder holds besides what a start leaves that was killed before it wrote run.json. */
async function listForeign(path: string): Promise<string[]> {
  return (await readdir(path)).filter((name) => name !== LOCKS && name !== INITIAL_FILE && !isTemporaryName(name));
}

async function chooseId(root: string, name: string): Promise<string> {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 60);
  for (;;) {
    const id = `${slug || "run"}-${randomUUID().slice(0, 6)}`.replace(/-+/g, "-");
    if (await isFree(root, id)) return id;
  }
}

async function isFree(root: string, id: string): Promise<boolean> {
  const exists = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );
  return !((await exists(join(runFolderInStore(root, id), RECORD_FILE))) || (await exists(pointerFile(root, id))));
}

async function listNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
