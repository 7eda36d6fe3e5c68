// Artifacts over the host: what a stored one says of itself, and the requests of a page that makes one.
import { z } from "zod";

export {
  type Artifact,
  type ArtifactSpec,
  type ArtifactStore,
  type ArtifactWriter,
  artifactId,
  type Chunk,
  damagedArtifact,
} from "../experiment/artifacts.ts";

const name = z.string().regex(/^[a-z0-9]+([.-][a-z0-9]+)*$/, "must be lower-case words joined by - or .");
const spec = z.looseObject({ kind: z.string() });
const metrics = z.record(z.string(), z.number());
const count = z.int().nonnegative();

/** One line of `chunks.ndjson`; `sha256` is of the whole chunk, in hex. */
export const artifactChunk = z.object({
  name,
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  metrics,
});
export type StoredChunk = z.infer<typeof artifactChunk>;

/** `artifact.json`; `finishedAt` is missing while it is being made. */
export const artifactRecord = z.object({
  version: z.literal(1),
  spec,
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().optional(),
  facts: z.unknown(),
});
export type ArtifactRecord = z.infer<typeof artifactRecord>;

/** What a list of artifacts says of one; `spec` is missing where it cannot be read. */
export const artifactSummary = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.enum(["finished", "unfinished", "damaged"]),
  parts: count,
  bytes: count,
  modifiedAt: z.iso.datetime(),
  spec: spec.optional(),
});
export type ArtifactSummary = z.infer<typeof artifactSummary>;

/** The answer of GET /api/artifacts/room. */
export const artifactRoom = z.object({ freeBytes: z.number().nonnegative() });
export type ArtifactRoom = z.infer<typeof artifactRoom>;

/** The answer of GET /api/artifacts/:id. */
export const artifactAnswer = z.object({ id: z.string(), spec, chunks: z.array(artifactChunk), facts: z.unknown() });
/** Of POST /api/artifacts/:id, and its answer; `bytes` is what the whole will take, where that is known. */
export const artifactBegin = z.strictObject({ spec, bytes: count.optional() });
export const artifactBegun = z.object({ chunks: z.array(artifactChunk) });
/** `?write=` of PUT /api/artifacts/:id/chunks/:name; `at` is the number of chunks that it follows. */
export const artifactMetrics = z.strictObject({ spec, at: count, metrics });
/** Of POST /api/artifacts/:id/finish. */
export const artifactFinish = z.strictObject({ spec, at: count, facts: z.unknown() });
