// Takes what a preparation wants from the store, or makes it there.
import { invariant } from "../lib/invariant.ts";
import { type Artifact, type ArtifactStore, artifactId, type Chunk } from "./artifacts.ts";
import { type Preparation, type Prepared, type PrepareWorld, preparations } from "./prepare.ts";

/** `tell` is called with every chunk, found ones too. Rejects with the signal's reason where it stops; what is made stays. */
export async function makeOrFind(
  artifacts: ArtifactStore,
  wanted: Preparation,
  signal: AbortSignal,
  tell: (chunk: Chunk) => Promise<void>,
): Promise<Artifact> {
  const id = await artifactId(wanted.spec);
  const found = await artifacts.open(id);
  if (found) {
    for (const chunk of found.chunks) await tell(chunk);
    return found;
  }
  {
    await using writer = await artifacts.write(id, wanted.spec, wanted.bytes);
    for (const chunk of [...writer.chunks]) await tell(chunk);
    const facts = await wanted.make(
      {
        chunks: [...writer.chunks],
        read: (name) => writer.read(name),
        write: async (name, bytes, metrics) => {
          await writer.write(name, bytes, metrics);
          await tell({ name, bytes: bytes.length, metrics });
        },
      },
      signal,
    );
    await writer.finish(facts);
  }
  const artifact = await artifacts.open(id);
  invariant(artifact, `${id} was just finished`);
  return artifact;
}

/** All that a recipe needs before its evaluation, outside of a run. */
export async function prepareAll(
  world: PrepareWorld,
  before: Prepared,
  artifacts: ArtifactStore,
  signal: AbortSignal,
  tell: (wanted: Preparation, chunk: Chunk, done: number) => void,
): Promise<Prepared> {
  let prepared = before;
  for (const prepare of preparations) {
    const wanted = prepare(world, prepared);
    if (!wanted) continue;
    let done = 0;
    const artifact = await makeOrFind(artifacts, wanted, signal, async (chunk) => tell(wanted, chunk, ++done));
    prepared = { ...prepared, ...(await wanted.open(artifact)) };
  }
  return prepared;
}
