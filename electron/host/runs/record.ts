// run.json: read with every problem named, changed by patches.

import { join } from "node:path";
import { type RunPatch, type RunRecord, runPatchSchema, runRecordSchema } from "../../../shared/api/runs.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { writeFileAtomic } from "../files.ts";
import { parseJsonFile, RECORD_FILE, type Run, readIfPresent } from "./folder.ts";
import { createQueue } from "./queue.ts";
import { checkSchema } from "./schema-errors.ts";

const queue = createQueue();

/** Reads the run in a folder; undefined when the folder holds none. Throws UserError "bad-run" or "run-newer". */
export async function readRunFolder(folder: string): Promise<Run | undefined> {
  const path = join(folder, RECORD_FILE);
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return undefined;
  const value = parseJsonFile(bytes, path);
  requireKnownVersion(value, path);
  return { path: folder, record: checkRecord(value, path) };
}

export async function writeRecord(run: Run): Promise<void> {
  const path = join(run.path, RECORD_FILE);
  const record = checkRecord(run.record, path);
  await writeFileAtomic(path, `${JSON.stringify(record, null, 2)}\n`);
}

/** Changes fields of run.json, atomically, and `run.record` with it. Fields that the patch leaves out stay. */
export async function updateRun(run: Run, patch: RunPatch): Promise<RunRecord> {
  return queue.run(run.path, async () => {
    const stored = await readRunFolder(run.path);
    if (stored === undefined) {
      throw new UserError("run-not-found", `${run.path} holds no run any more.`, "It was deleted or moved.");
    }
    const { error, ...fields } = checkSchema(runPatchSchema, patch, "The change of a run", "bad-run-change", "");
    const record = { ...stored.record, ...fields };
    if (error === null) delete record.error;
    else if (error !== undefined) record.error = error;
    await writeRecord({ path: run.path, record });
    run.record = record;
    return record;
  });
}

function requireKnownVersion(value: unknown, path: string): void {
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version !== "number" || version <= runRecordSchema.shape.version.value) return;
  throw new UserError(
    "run-newer",
    `${path} is from a newer version of Stillroom (${version}; this one knows ${runRecordSchema.shape.version.value}).`,
    "Update Stillroom to open this run.",
  );
}

function checkRecord(value: unknown, path: string): RunRecord {
  return checkSchema(runRecordSchema, value, path, "bad-run", "Restore the file, or delete the run.");
}
