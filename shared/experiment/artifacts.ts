// Artifacts: large things that stages make and runs share, such as expert trajectories, kept in the store in chunks by the hash of
// what they are made of. An unfinished one goes on where it was left, by the chunks that it has.

import { UserError } from "../lib/user-error.ts";

/** What an artifact is made of: all that its contents follow from, and nothing else. JSON. */
export interface ArtifactSpec {
  /** Also the beginning of its id: "experts", "whitening". */
  readonly kind: string;
  readonly [name: string]: unknown;
}

export interface Chunk {
  readonly name: string;
  readonly bytes: number;
  /** What is to be plotted of it, such as the loss of an epoch. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** One that is finished. */
export interface Artifact {
  readonly id: string;
  readonly spec: ArtifactSpec;
  /** In the order of writing. */
  readonly chunks: readonly Chunk[];
  /** What it says of itself as a whole. JSON. */
  readonly facts: unknown;
  /** A whole chunk, checked against its sum. Throws UserError "artifact-damaged". */
  read(chunk: string): Promise<Uint8Array>;
}

/** One that is being made; disposing lets others go on with it. */
export interface ArtifactWriter extends AsyncDisposable {
  readonly chunks: readonly Chunk[];
  read(chunk: string): Promise<Uint8Array>;
  /** Complete, or nothing has changed. Chunk names are lower-case words joined by "-" or ".". */
  write(name: string, bytes: Uint8Array, metrics: Chunk["metrics"]): Promise<void>;
  finish(facts: unknown): Promise<void>;
}

/** How a stage reaches the store's artifacts, by files or over HTTP. */
export interface ArtifactStore {
  /** What the disk has free for them. */
  measureRoom(): Promise<number>;
  /** Undefined where there is none that is finished. Throws UserError "artifact-damaged". */
  open(id: string): Promise<Artifact | undefined>;
  /**
   * Begins one, or goes on with it. Throws UserErrors "artifact-locked" while another writes it, and "no-space" where `bytes`, all
   * that it will take, do not fit on the disk.
   */
  write(id: string, spec: ArtifactSpec, bytes?: number): Promise<ArtifactWriter>;
}

/** UserError "artifact-damaged"; `what` is a sentence. */
export const damagedArtifact = (what: string) =>
  new UserError(
    "artifact-damaged",
    what,
    "Delete it under Artifacts (or: stillroom delete, with its name); the next run that needs it makes it again.",
  );

/** kind-hash: the same for equal specs, in whatever order their fields are. */
export async function artifactId(spec: ArtifactSpec): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(sortFields(spec)));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hash = Array.from(digest.subarray(0, 10), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${spec.kind}-${hash}`;
}

function sortFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortFields);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, inner]) => [name, sortFields(inner)]));
}
