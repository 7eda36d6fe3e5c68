// The store's artifacts behind the host's routes.
import type { ArtifactStore, Chunk } from "../experiment/artifacts.ts";
import { UserError } from "../lib/user-error.ts";
import type { Client } from "./client.ts";

export function createRemoteArtifacts({ artifacts }: Client): ArtifactStore {
  return {
    measureRoom: async () => (await artifacts.room()).freeBytes,
    open: async (id) => {
      const found = await artifacts.get(id).catch((error: unknown) => {
        if (error instanceof UserError && error.code === "artifact-unknown") return undefined;
        throw error;
      });
      return found && { ...found, facts: found.facts, read: (name) => artifacts.chunk(id, name) };
    },
    write: async (id, spec, bytes) => {
      const chunks: Chunk[] = [...(await artifacts.begin(id, spec, bytes)).chunks];
      return {
        chunks,
        read: (name) => artifacts.chunk(id, name),
        write: async (name, bytes, metrics) => {
          await artifacts.write(id, name, bytes, { spec, at: chunks.length, metrics });
          chunks.push({ name, bytes: bytes.length, metrics });
        },
        finish: (facts) => artifacts.finish(id, { spec, at: chunks.length, facts }),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  };
}
