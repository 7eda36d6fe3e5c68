// Artifacts on this machine's disk: `artifacts/<id>/` with artifact.json, one file a chunk, and chunks.ndjson, which says in which
// order they were written and what their sums are. A chunk counts once its line is there.

import { createHash } from "node:crypto";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type Artifact,
  type ArtifactRecord,
  type ArtifactSpec,
  type ArtifactStore,
  type ArtifactSummary,
  type ArtifactWriter,
  artifactChunk,
  artifactId,
  artifactRecord,
  damagedArtifact,
  type StoredChunk,
} from "../../shared/api/artifacts.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import {
  explainFileError,
  isMissing,
  makeFolder,
  measureFiles,
  measureFreeBytes,
  removeFolder,
  requireFreeSpace,
  writeFileAtomic,
} from "./files.ts";
import { acquireLock, describeOwner, type LockOwner } from "./lock.ts";
import { appendWhole } from "./runs/append-whole.ts";
import type { Store } from "./store.ts";

const isId = (id: string) => /^[a-z]+-[0-9a-f]{20}$/.test(id);
const lockOf = ({ locks }: Pick<Store, "locks">, id: string) => join(locks, `artifact-${id}`);
const unknown = (id: string) => new UserError("artifact-unknown", `There is no artifact "${id}".`, "List them again.");

/** Those of a store. Calls throw the errors of files, too. */
export function openArtifactStore(store: Pick<Store, "artifacts" | "locks">): ArtifactStore {
  return {
    measureRoom: () => measureFreeBytes(store.artifacts),
    open: async (id) => (isId(id) ? openArtifact(join(store.artifacts, id), id) : undefined),
    write: async (id, spec, bytes = 0) => {
      if (!isId(id)) throw unknown(id);
      const lock = await lockArtifact(store, id, "Wait for it to end, then start again: what it makes is shared.");
      try {
        const writer = await beginWriter(join(store.artifacts, id), id, spec, () => lock.release());
        const written = writer.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
        if (bytes > written)
          requireFreeSpace(store.artifacts, bytes - written, await measureFreeBytes(store.artifacts));
        return writer;
      } catch (error) {
        await lock.release();
        throw error;
      }
    },
  };
}

function lockArtifact(store: Pick<Store, "locks">, id: string, hint: string) {
  const refuse = (owner: LockOwner) =>
    new UserError("artifact-locked", `Stillroom's ${describeOwner(owner)} is making ${id}.`, hint);
  return acquireLock(lockOf(store, id), { waitMs: 0, refuse });
}

/** All that lie in the store, by name. */
export async function listArtifacts(store: Pick<Store, "artifacts">): Promise<ArtifactSummary[]> {
  const names = (await readdir(store.artifacts)).filter(isId).sort();
  return Promise.all(
    names.map(async (id) => {
      const folder = join(store.artifacts, id);
      const bytes = await measureFiles([folder]);
      const { mtime } = await stat(folder);
      const base = { id, kind: id.split("-")[0], bytes, modifiedAt: mtime.toISOString() };
      try {
        const record = await readRecord(folder, id);
        const parts = (await readChunks(folder)).length;
        const state = record?.finishedAt === undefined ? ("unfinished" as const) : ("finished" as const);
        return { ...base, state, parts, ...(record && { spec: record.spec }) };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return { ...base, state: "damaged" as const, parts: 0 };
      }
    }),
  );
}

/** A part of one that may still be made. Throws UserErrors "artifact-unknown" and "artifact-damaged". */
export async function readPart(store: Pick<Store, "artifacts">, id: string, name: string) {
  const folder = join(store.artifacts, id);
  if (!isId(id) || !(await readRecord(folder, id))) throw unknown(id);
  return readChunk(folder, id, await readChunks(folder), name);
}

/** Throws UserErrors "artifact-unknown" and "artifact-locked", and those of files that may not be removed. */
export async function deleteArtifact(store: Pick<Store, "artifacts" | "locks">, id: string): Promise<void> {
  if (!isId(id)) throw unknown(id);
  await using _lock = await lockArtifact(store, id, "Stop the run that makes it first.");
  const path = join(store.artifacts, id);
  await removeFolder(path).catch((error: unknown) => {
    throw isMissing(error) ? unknown(id) : explainFileError(error, path);
  });
}

/** The files of a finished one, each checked against its sum, and a text that says what they are. */
export async function* listArtifactFiles(store: Pick<Store, "artifacts">, id: string) {
  const artifact = isId(id) ? await openArtifact(join(store.artifacts, id), id) : undefined;
  if (!artifact) throw unknown(id);
  const { spec, facts, chunks, read } = artifact;
  const json = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  yield { path: "artifact.json", bytes: json({ id, spec, facts, chunks }) };
  yield { path: "README.txt", bytes: new TextEncoder().encode(explain(id)) };
  for (const { name } of chunks) yield { path: `${name}.bin`, bytes: await read(name) };
}

const explain = (id: string) => `${id}: an artifact of Stillroom.

artifact.json says what it was made of ("spec"), what it holds ("facts"), and lists its parts in the order of writing.
Each part is a file of its own with the ending .bin: float32 numbers, little-endian, without a header, unless "facts" say otherwise.
In Python: numpy.fromfile(path, "<f4").
`;

async function openArtifact(folder: string, id: string): Promise<Artifact | undefined> {
  const record = await readRecord(folder, id);
  if (record?.finishedAt === undefined) return undefined;
  if ((await artifactId(record.spec)) !== id) throw damaged(id, "it is made of something else than its name says");
  const chunks = await readChunks(folder);
  for (const chunk of chunks) await requireWhole(folder, id, chunk);
  return { id, spec: record.spec, facts: record.facts, chunks, read: (name) => readChunk(folder, id, chunks, name) };
}

async function beginWriter(
  folder: string,
  id: string,
  spec: ArtifactSpec,
  release: () => Promise<void>,
): Promise<ArtifactWriter> {
  await makeFolder(folder);
  const recordPath = join(folder, "artifact.json");
  const writeRecord = (record: ArtifactRecord) => writeFileAtomic(recordPath, `${JSON.stringify(record, null, 2)}\n`);
  const record = (await readRecord(folder, id)) ?? {
    version: 1,
    spec,
    createdAt: new Date().toISOString(),
    facts: null,
  };
  await writeRecord(record);
  const chunks = await readChunks(folder);
  const linesPath = join(folder, "chunks.ndjson");
  // A line that a killed process left half-written goes.
  await writeFileAtomic(linesPath, chunks.map((chunk) => `${JSON.stringify(chunk)}\n`).join(""));
  return {
    chunks,
    read: (name) => readChunk(folder, id, chunks, name),
    write: async (name, bytes, metrics) => {
      const chunk = artifactChunk.parse({ name, bytes: bytes.length, sha256: sumOf(bytes), metrics });
      await writeFileAtomic(join(folder, `${name}.bin`), bytes);
      await using lines = await open(linesPath, "r+");
      const { size } = await lines.stat();
      await appendWhole(lines, new TextEncoder().encode(`${JSON.stringify(chunk)}\n`), size);
      chunks.push(chunk);
    },
    finish: (facts) => writeRecord({ ...record, finishedAt: new Date().toISOString(), facts }),
    [Symbol.asyncDispose]: release,
  };
}

const sumOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const damaged = (id: string, what: string) => damagedArtifact(`The artifact ${id} is damaged: ${what}.`);

async function readRecord(folder: string, id: string): Promise<ArtifactRecord | undefined> {
  const path = join(folder, "artifact.json");
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw explainFileError(error, path);
  });
  if (text === undefined) return undefined;
  try {
    return artifactRecord.parse(JSON.parse(text));
  } catch {
    throw damaged(id, "artifact.json cannot be read");
  }
}

/** Up to the first line that is not whole. */
async function readChunks(folder: string): Promise<StoredChunk[]> {
  const path = join(folder, "chunks.ndjson");
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return "";
    throw explainFileError(error, path);
  });
  const chunks: StoredChunk[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    const parsed = artifactChunk.safeParse(parse(line));
    if (!parsed.success) break;
    chunks.push(parsed.data);
  }
  return chunks;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // the schema refuses it
  }
}

/** By its size alone: what its bytes are is looked at when they are read. */
async function requireWhole(folder: string, id: string, { name, bytes }: StoredChunk): Promise<void> {
  const path = join(folder, `${name}.bin`);
  const found = await stat(path).catch((error: unknown) => {
    if (isMissing(error)) throw damaged(id, `${name}.bin is missing`);
    throw explainFileError(error, path);
  });
  if (found.size !== bytes) throw damaged(id, `${name}.bin has ${found.size} bytes, and ${bytes} were written`);
}

async function readChunk(folder: string, id: string, chunks: readonly StoredChunk[], name: string) {
  const chunk = chunks.find((each) => each.name === name);
  if (!chunk) throw damaged(id, `it has no part ${name}`);
  await requireWhole(folder, id, chunk);
  const path = join(folder, `${name}.bin`);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw explainFileError(error, path);
  });
  if (sumOf(bytes) !== chunk.sha256) throw damaged(id, `${name}.bin does not have the contents that were written`);
  return new Uint8Array(bytes);
}
