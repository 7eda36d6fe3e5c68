// The run folder: where each thing of a run lies, and how its plain files are read and written.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunRecord } from "../../../shared/api/runs.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { isMissing, writeFileAtomic } from "../files.ts";

/** An opened run. `record` is run.json as it was last read or written through this object. */
export type Run = { readonly path: string; record: RunRecord };

export const RECORD_FILE = "run.json";
export const EVENTS_FILE = "events.ndjson";
export const PREVIEWS = "previews";
export const CHECKPOINTS = "checkpoints";
export const EXPORTS = "exports";
export const LOCKS = "lock";

/** The single files of results. */
export const resultFiles = ["distilled.safetensors", "best.safetensors", "evaluation.json"] as const;
export type ResultFile = (typeof resultFiles)[number];

/** The earlier set that a run's images begin with: a copy of its own. */
export const INITIAL_FILE = "initial.safetensors";

/** What a killed write leaves behind. */
export const isTemporaryName = (name: string) => /^\.[0-9a-f-]{36}\.tmp$/.test(name);

/** Writes a result atomically. Throws UserError "no-space"; the old file stays then. */
export async function writeResult(run: Run, name: ResultFile, content: Uint8Array | string): Promise<void> {
  await writeFileAtomic(join(run.path, name), content);
}

/** The bytes of a result, or undefined when the run has none yet. */
export async function readResult(run: Run, name: ResultFile): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return readIfPresent(join(run.path, name));
}

/** The bytes of a file, or undefined when there is none. */
export async function readIfPresent(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Parses a JSON file of a run; `what` names it in the error. */
export function parseJsonFile(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new UserError("bad-run", `${path} is not JSON.`, "Restore the file, or delete the run.", { cause });
  }
}
