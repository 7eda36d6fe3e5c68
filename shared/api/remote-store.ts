// A run folder and a dataset behind the host's routes, as a session of an experiment needs them.

import type { StoredDataset } from "../data/stored-set.ts";
import type { RunStore } from "../experiment/ports.ts";
import { invariant } from "../lib/invariant.ts";
import type { Client } from "./client.ts";
import type { OpenedRun } from "./runs.ts";
import type { SessionNews, SessionState } from "./sessions.ts";

export interface RemoteStore extends RunStore {
  /**
   * Tells whoever follows the run how it goes; the answer says whether somebody wants it stopped. To be called every
   * minute while nothing is written, as in a long training, or the host gives the run up.
   */
  report(news?: SessionNews): Promise<SessionState>;
}

/** `page`: see sessionRequest. `onSession` is told the id under which the run is written, to end it from elsewhere. */
export function createRemoteStore(
  { runs }: Client,
  { path, record }: OpenedRun,
  { page, onSession }: { readonly page?: string; readonly onSession?: (session: string) => void } = {},
): RemoteStore {
  const { id } = record;
  let session: string | undefined;
  const mine = (): string => {
    invariant(session !== undefined, "a run is written to only in a session");
    return session;
  };
  return {
    path,
    record,
    listCheckpoints: async () => (await runs.checkpoints(id)).map(({ name }) => name),
    readCheckpoint: (name) => runs.checkpoint(id, name),
    readInitial: () => runs.initial(id),
    begin: async (start) => {
      session = await runs.beginSession(id, { ...start, ...(page !== undefined && { page }) }, session);
      onSession?.(session);
    },
    end: async (end) => runs.endSession(id, mine(), end),
    report: async (news) =>
      session === undefined ? { stop: false, finish: false } : runs.reportSession(id, session, news),
    appendEvents: async (events) => runs.appendEvents(id, events, mine()),
    writeCheckpoint: async (name, bytes) => runs.writeCheckpoint(id, name, bytes, mine()),
    writePreview: async (step, picture) => runs.writePreview(id, step, picture, mine()),
    writeFile: async (name, bytes) => runs.writeFile(id, name, bytes, mine()),
  };
}

export async function openRemoteDataset({ datasets }: Client, id: string): Promise<StoredDataset> {
  return { manifest: await datasets.get(id), read: (split, from, to) => datasets.images(id, split, from, to) };
}
