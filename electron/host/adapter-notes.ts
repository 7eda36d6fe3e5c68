// What is remembered of adapters: one file each in the store, of this version of the app.

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type AdapterFile,
  type AdapterIdentity,
  type AdapterNotes,
  adapterFile,
} from "../../shared/api/adapter-notes.ts";
import { describeError } from "../../shared/lib/user-error.ts";
import { isMissing, makeFolder, writeFileAtomic } from "./files.ts";
import { acquireLock } from "./lock.ts";

/** In the store. */
export const ADAPTERS_FOLDER = "adapters";

export interface StoredNotes {
  /** Undefined for an adapter, or a driver, that is new to this version of the app. */
  readonly notes?: AdapterNotes | undefined;
  /** A sentence for a person: why a file is not believed. */
  readonly problem?: string | undefined;
}

export async function readAdapterNotes(home: string, app: string, identity: AdapterIdentity): Promise<StoredNotes> {
  const { file, problem } = await readNotesFile(notesPath(home, identity));
  if (!file) return { problem };
  const isSame = file.app === app && file.name === identity.name && file.driver === identity.driver;
  return isSame ? { notes: { check: file.check, memory: file.memory } } : {};
}

/** Adds to the notes of an adapter, and gives what stands then. A choice that is there already stays; a check is replaced. */
export async function addAdapterNotes(
  home: string,
  app: string,
  identity: AdapterIdentity,
  { check, memory }: AdapterNotes,
): Promise<AdapterNotes> {
  const path = notesPath(home, identity);
  await makeFolder(join(home, ADAPTERS_FOLDER));
  // Two programs may measure the same kernel at the same time: the first that writes it down decides for both.
  await using _lock = await acquireLock(join(home, "locks", `adapter-${adapterFileName(identity)}`));
  const { notes } = await readAdapterNotes(home, app, identity);
  const { file } = await readNotesFile(path);
  const checkedAt = check ? new Date().toISOString() : notes && file?.checkedAt;
  const known = check ?? notes?.check;
  const merged = { ...(known && { check: known }), memory: { ...memory, ...notes?.memory } };
  const next: AdapterFile = { version: 1, app, ...identity, ...(checkedAt && { checkedAt }), ...merged };
  await writeFileAtomic(path, `${JSON.stringify(next, null, 2)}\n`);
  return merged;
}

/** The files of this version of the app; those that are damaged are left out. */
export async function listAdapterNotes(home: string, app: string): Promise<AdapterFile[]> {
  const names = await readdir(join(home, ADAPTERS_FOLDER)).catch((error) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const read = await Promise.all(
    names.filter((name) => name.endsWith(".json")).map((name) => readNotesFile(join(home, ADAPTERS_FOLDER, name))),
  );
  return read.flatMap(({ file }) => (file?.app === app ? [file] : []));
}

/** Without its ending: a readable part, and one that tells apart what reads alike. */
export function adapterFileName({ place, name }: AdapterIdentity): string {
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return [place, ...words].join("-").slice(0, 60).concat(`-${digest}`);
}

const notesPath = (home: string, identity: AdapterIdentity) =>
  join(home, ADAPTERS_FOLDER, `${adapterFileName(identity)}.json`);

async function readNotesFile(path: string): Promise<{ file?: AdapterFile; problem?: string }> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    return isMissing(error) ? {} : { problem: `${path} cannot be read and is ignored: ${describeError(error)}` };
  }
  try {
    return { file: adapterFile.parse(JSON.parse(text)) };
  } catch {
    return { problem: `${path} is damaged and is ignored: the adapter's kernels are checked and measured anew.` };
  }
}
