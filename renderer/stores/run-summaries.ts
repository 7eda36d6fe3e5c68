// Summaries of the runs in a list: read a few at a time, those of runs that stand still once only.
import { createStore } from "zustand/vanilla";
import type { Client } from "../../shared/api/client.ts";
import type { RunSummary } from "../../shared/api/runs.ts";

const AT_ONCE = 4;

type Wanted = { readonly id: string; readonly state: string; readonly step: number };

export function createRunSummaries(client: { readonly runs: Pick<Client["runs"], "summary"> }) {
  const store = createStore<ReadonlyMap<string, RunSummary>>(() => new Map());
  const read = new Map<string, string>();
  let waiting: Wanted[] = [];
  let busy = 0;

  const next = async (): Promise<void> => {
    const run = waiting.shift();
    if (!run) return;
    busy++;
    try {
      const summary = await client.runs.summary(run.id);
      store.setState(new Map([...store.getState(), [run.id, summary]]), true);
    } catch {
      read.delete(run.id); // asked for again with the next list
    } finally {
      busy--;
      await next();
    }
  };

  return {
    store,
    /** Reads what is not known; a running run anew at each call. */
    async want(runs: readonly Wanted[]): Promise<void> {
      const version = ({ state, step }: Wanted) => `${state}/${step}`;
      waiting = runs.filter((run) => run.state === "running" || read.get(run.id) !== version(run));
      for (const run of waiting) read.set(run.id, version(run));
      await Promise.all(Array.from({ length: Math.max(0, AT_ONCE - busy) }, next));
    },
  };
}

export type RunSummaries = ReturnType<typeof createRunSummaries>;
