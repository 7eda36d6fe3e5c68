// Artifacts in maps, for experiments in memory.
import type { ArtifactStore, Chunk } from "../../shared/experiment/artifacts.ts";

interface Kept {
  readonly spec: { readonly kind: string };
  readonly chunks: Chunk[];
  readonly bytes: Map<string, Uint8Array>;
  facts?: { readonly value: unknown };
}

export class MemoryArtifacts implements ArtifactStore {
  readonly kept = new Map<string, Kept>();
  room = Number.POSITIVE_INFINITY;

  async measureRoom() {
    return this.room;
  }

  async open(id: string) {
    const found = this.kept.get(id);
    if (!found?.facts) return undefined;
    const { spec, chunks, bytes, facts } = found;
    return { id, spec, chunks, facts: facts.value, read: async (name: string) => bytes.get(name) as Uint8Array };
  }

  async write(id: string, spec: Kept["spec"]) {
    const kept: Kept = this.kept.get(id) ?? { spec, chunks: [], bytes: new Map() };
    this.kept.set(id, kept);
    return {
      chunks: kept.chunks,
      read: async (name: string) => kept.bytes.get(name) as Uint8Array,
      write: async (name: string, bytes: Uint8Array, metrics: Chunk["metrics"]) => {
        kept.bytes.set(name, bytes.slice());
        kept.chunks.push({ name, bytes: bytes.length, metrics });
      },
      finish: async (value: unknown) => {
        kept.facts = { value };
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }
}
