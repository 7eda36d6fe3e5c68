// checkpoints/: written atomically, the last few kept.

import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { stageSchema } from "../../../shared/api/runs.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { isMissing, writeFileAtomic } from "../files.ts";
import { syncEvents } from "./events.ts";
import { CHECKPOINTS, type Run } from "./folder.ts";

const EXTENSION = ".safetensors";
const NAME = /^[a-z0-9][a-z0-9.-]*$/;

export type CheckpointEntry = { readonly name: string; readonly bytes: number; readonly modifiedAt: Date };

/**
 * Writes checkpoints/<name>.safetensors once the events so far are safe on the disk, then removes all but the `keep`
 * newest. Throws UserError "no-space" when the disk is full; the earlier checkpoints stay then.
 */
export async function writeCheckpoint(run: Run, name: string, bytes: Uint8Array, { keep = 3 } = {}): Promise<void> {
  const path = checkpointPath(run, name);
  await syncEvents(run);
  await writeFileAtomic(path, bytes);
  const others = (await listCheckpoints(run)).filter((entry) => entry.name !== name);
  for (const { name: old } of others.slice(keep - 1)) await rm(checkpointPath(run, old), { force: true });
}

/** All checkpoints, those that came farthest first: by stage and number, as times do not survive that a folder is copied. */
export async function listCheckpoints(run: Run): Promise<CheckpointEntry[]> {
  const folder = join(run.path, CHECKPOINTS);
  const names = await readdir(folder).catch((error) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const entries: CheckpointEntry[] = [];
  for (const file of names) {
    const name = file.slice(0, -EXTENSION.length);
    if (!file.endsWith(EXTENSION) || !NAME.test(name)) continue;
    const { mtime, size } = await stat(join(folder, file));
    entries.push({ name, bytes: size, modifiedAt: mtime });
  }
  return entries.sort((a, b) => rankOf(b.name) - rankOf(a.name) || compareNames(b.name, a.name));
}

/** Throws UserError "checkpoint-not-found". What the bytes mean is checked by who reads them. */
export async function readCheckpoint(run: Run, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = checkpointPath(run, name);
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new UserError("checkpoint-not-found", `${path} does not exist.`, "List the checkpoints of the run.");
  }
}

export function checkpointPath(run: Run, name: string): string {
  if (!NAME.test(name)) {
    throw new UserError(
      "bad-name",
      `"${name}" cannot name a checkpoint.`,
      "Use lower-case letters, digits, dots and hyphens.",
    );
  }
  return join(run.path, CHECKPOINTS, `${name}${EXTENSION}`);
}

/** The place of its stage among all; the distillation's checkpoints are named by their step alone. */
function rankOf(name: string): number {
  const [, stage = "synthesise"] = /^([a-z]+)-\d+$/.exec(name) ?? [];
  return stages.indexOf(stage);
}

const stages: readonly string[] = stageSchema.options;

function compareNames(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
