// The window's own objects: the client of the host, and the stores that live as long as the page.
import { createStore } from "zustand/vanilla";
import { createClient } from "../shared/api/client.ts";
import type { ImportOptions } from "../shared/api/datasets.ts";
import type { Shell } from "../shared/api/shell.ts";
import { createCommands } from "./stores/commands.ts";
import { createComputePlaces } from "./stores/compute-places.ts";
import { createImports, type ImportTarget } from "./stores/imports.ts";
import { createRemote } from "./stores/remote.ts";
import { createRouteStore, parseHash, toHash } from "./stores/route.ts";
import { createRunSummaries } from "./stores/run-summaries.ts";
import { createRunTable } from "./stores/run-table.ts";
import { createRunner } from "./stores/runner.ts";
import type { Score } from "./stores/scores.ts";
import { scoresOf } from "./stores/scores.ts";
import { openDialog } from "./ui.ts";
import { openWindowCompute } from "./worker/client.ts";

/** A host that has said nothing for so long is told as one that does not answer. */
const HOST_SILENT_MS = 8000;

/** Bound, since a browser's fetch refuses to be called as a method of another object. */
export const client = createClient((input, init) => fetch(input, init));
/** How far the check of a new adapter is, in this window; undefined where there is none. */
export const checking = createStore<{ readonly done: number; readonly total: number } | undefined>(() => undefined);
const windowCompute = openWindowCompute(client, (done, total) =>
  checking.setState(done < total ? { done, total } : undefined, true),
);

/** The table of runs as it was left, and what it shows beside the records. */
export const runTable = createRunTable();
export const runSummaries = createRunSummaries(client);

export const app = createRemote(() => client.app());
export const datasets = createRemote(() => client.datasets.list());
export const runs = createRemote(() => client.runs.list());
export const recipes = createRemote(() => client.recipes.list());
export const exportFormats = createRemote(() => client.runs.exportFormats());
export const storeUsage = createRemote(() => client.store.usage());
export const adapters = createRemote(() => client.compute.adapters());
export const adapterNotes = createRemote(() => client.compute.listNotes());
export const compute = createRemote(() => client.compute.state({ signal: AbortSignal.timeout(HOST_SILENT_MS) }));
export const imports = createImports(client, sessionStorage);
addEventListener("pagehide", (event) => {
  if (!event.persisted) imports.abandon();
});
export const commands = createCommands();

export const places = createComputePlaces({
  app: () => client.app(),
  window: windowCompute.adapters,
  child: () => client.compute.adapters(),
  storage: localStorage,
});
export const runner = createRunner({
  client,
  window: windowCompute,
  places,
  askPlace: (record, offered) =>
    new Promise((settle) => openDialog({ kind: "place", record, places: offered, settle })),
});

const scoresRead = new Map<string, Score[]>();

/** Scores of finished runs by id; a finished run's never change, so each is read once. */
export const scores = createRemote(async (): Promise<ReadonlyMap<string, readonly Score[]>> => {
  const done = (runs.store.getState().value?.runs ?? []).filter(
    ({ record }) => record.status === "done" && record.evaluate !== false,
  );
  const missing = done.filter(({ record }) => !scoresRead.has(record.id));
  await Promise.all(
    missing.map(async ({ record }) => {
      const file = await client.runs.evaluation(record.id).catch(() => undefined);
      scoresRead.set(record.id, file ? scoresOf(file) : []);
    }),
  );
  return new Map(scoresRead);
});

export async function refreshRuns(): Promise<void> {
  await runs.refresh();
  await scores.refresh();
}

export const route = createRouteStore(location);
addEventListener("hashchange", () => route.setState(parseHash(location.hash), true));

export function go(segments: readonly string[], query?: Readonly<Record<string, string>>): void {
  location.hash = toHash(segments, query);
}

/** Imports and shows how it goes; a list that is shown anywhere has the dataset as soon as it is there. */
export function startImport(target: ImportTarget, options?: ImportOptions): void {
  imports.add(target, options).then(() => datasets.refresh());
  go(["datasets"]);
}

export const importSample = () => startImport({ kind: "sample", name: "fashion-mnist-sample" });

export const isMac = /mac/i.test(navigator.platform);

declare global {
  interface Window {
    readonly stillroom?: Shell<File>;
  }
}
/** What the desktop's preload offers; a browser has none of it. */
export const shell: Shell<File> | undefined = window.stillroom;
