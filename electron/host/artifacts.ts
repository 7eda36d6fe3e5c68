// Artifacts on this machine's disk: `artifacts/<id>/` with artifact.json, one file a chunk, and chunks.ndjson, which says in which
// order they were written and what their sums are. A chunk counts once its line is there.

import { createHash } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Artifact,
  type ArtifactRecord,
  type ArtifactSpec,
  type ArtifactStore,
  type ArtifactWriter,
  artifactChunk,
  artifactId,
  artifactRecord,
  type StoredChunk,
} from "../../shared/api/artifacts.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import {
  explainFileError,
  isMissing,
  makeFolder,
  measureFreeBytes,
  requireFreeSpace,
  writeFileAtomic,
} from "./files.ts";
import { acquireLock, describeOwner } from "./lock.ts";
import { appendWhole } from "./runs/append-whole.ts";
import type { Store } from "./store.ts";

const isId = (id: string) => /^[a-z]+-[0-9a-f]{20}$/.test(id);

/** Those of a store. Calls throw the errors of files, too. */
export function openArtifactStore(store: Pick<Store, "artifacts" | "locks">): ArtifactStore {
  return {
    open: async (id) => (isId(id) ? openArtifact(join(store.artifacts, id), id) : undefined),
    write: async (id, spec, bytes = 0) => {
      if (!isId(id)) throw new UserError("artifact-unknown", `"${id}" is not the name of an artifact.`);
      const lock = await acquireLock(join(store.locks, `artifact-${id}`), {
        waitMs: 0,
        refuse: (owner) =>
          new UserError(
            "artifact-locked",
            `Stillroom's ${describeOwner(owner)} is making ${id}, which this run needs, too.`,
            "Wait for it to end, then start again: what it makes is shared.",
          ),
      });
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

async function openArtifact(folder: string, id: string): Promise<Artifact | undefined> {
  const record = await readRecord(folder, id);
  if (record?.finishedAt === undefined) return undefined;
  if ((await artifactId(record.spec)) !== id) throw damaged(id, "it is made of something else than its name says");
  const chunks = await readChunks(folder);
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

const damaged = (id: string, what: string) =>
  new UserError(
    "artifact-damaged",
    `The artifact ${id} is damaged: ${what}.`,
    "Delete it under Artifacts (or: stillroom artifacts delete); the next run that needs it makes it again.",
  );

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

async function readChunk(folder: string, id: string, chunks: readonly StoredChunk[], name: string) {
  const chunk = chunks.find((each) => each.name === name);
  if (!chunk) throw damaged(id, `it has no part ${name}`);
  const path = join(folder, `${name}.bin`);
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isMissing(error)) throw damaged(id, `${name}.bin is missing`);
    throw explainFileError(error, path);
  });
  if (bytes.length !== chunk.bytes) {
    throw damaged(id, `${name}.bin has ${bytes.length} bytes, and ${chunk.bytes} were written`);
  }
  if (sumOf(bytes) !== chunk.sha256) throw damaged(id, `${name}.bin does not have the contents that were written`);
  return new Uint8Array(bytes);
}
