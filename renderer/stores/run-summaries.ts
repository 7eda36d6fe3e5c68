// Summaries of the runs in a list: read a few at a time, those of runs that stand still once only.
import { createStore } from "zustand/vanilla";
import type { Client } from "../../shared/api/client.ts";
import type { RunSummary } from "../../shared/api/runs.ts";

const AT_ONCE = 4;

type Wanted = { readonly id: string; readonly state: string; readonly step: number };

export function createRunSummaries(client: { readonly runs: Pick<Client["runs"], "summary"> }) {
  const store = createStore<ReadonlyMap<string, RunSummary>>(() => new Map());
  /** Which state of a run was read, or is being read. */
  const taken = new Map<string, string>();
  const version = ({ state, step }: Wanted) => `${state}/${step}`;
  let waiting: Wanted[] = [];
  let busy = 0;

  const work = async (): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      taken.set(run.id, version(run));
      try {
        const summary = await client.runs.summary(run.id);
        store.setState(new Map([...store.getState(), [run.id, summary]]), true);
      } catch {
        taken.delete(run.id); // asked for again with the next list
      }
    }
  };

  return {
    store,
    /** Reads what is not known; a running run anew at each call. Replaces what an earlier call still waits for. */
    async want(runs: readonly Wanted[]): Promise<void> {
      waiting = runs.filter((run) => run.state === "running" || taken.get(run.id) !== version(run));
      const workers: Promise<void>[] = [];
      for (let i = Math.min(AT_ONCE - busy, waiting.length); i > 0; i--) {
        busy++;
        workers.push(
          work().finally(() => {
            busy--;
          }),
        );
      }
      await Promise.all(workers);
    },
  };
}
