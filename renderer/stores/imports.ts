// Imports that run now: one after another in the order they were asked for, each with progress and a way to cancel.
import { createStore } from "zustand/vanilla";
import type { Client } from "../../shared/api/client.ts";
import type { ImportOptions, ImportProgress } from "../../shared/api/datasets.ts";
import { sendFiles, type UploadPort, type UploadSource } from "./uploads.ts";

type Manifest = Awaited<ReturnType<Client["datasets"]["import"]>>["manifest"];

export interface ImportJob {
  readonly key: number;
  /** The path, or the name of what is sent. */
  readonly path: string;
  /** Files sent to the host so far; undefined when the host reads them itself. */
  readonly sent: { readonly done: number; readonly total: number } | undefined;
  readonly state: "waiting" | "running" | "done" | "failed" | "cancelled";
  readonly progress: ImportProgress | undefined;
  readonly manifest: Manifest | undefined;
  /** Whether the same pictures were stored before. */
  readonly existing: boolean;
  readonly error: unknown;
}

/** A path on the host's machine, or what is to be sent there first. */
export type ImportSource = string | UploadSource;

interface ImportsState {
  readonly jobs: readonly ImportJob[];
}

export function createImports(client: {
  readonly datasets: Pick<Client["datasets"], "import">;
  readonly uploads: UploadPort;
}) {
  const store = createStore<ImportsState>(() => ({ jobs: [] }));
  const controllers = new Map<number, AbortController>();
  let last: Promise<unknown> = Promise.resolve();
  let nextKey = 0;
  const update = (key: number, change: Partial<ImportJob>) =>
    store.setState(({ jobs }) => ({ jobs: jobs.map((job) => (job.key === key ? { ...job, ...change } : job)) }));

  const work = async (key: number, source: ImportSource, options: ImportOptions, signal: AbortSignal) => {
    if (signal.aborted) return undefined;
    update(key, { state: "running" });
    let sent: { upload: string; path: string } | undefined;
    try {
      if (typeof source !== "string") {
        sent = await sendFiles(client.uploads, source, (done, total) => update(key, { sent: { done, total } }), signal);
        update(key, { sent: undefined });
      }
      const path = typeof source === "string" ? source : (sent?.path ?? "");
      const onProgress = (progress: ImportProgress) => update(key, { progress });
      const { manifest, existing } = await client.datasets.import(path, options, onProgress, signal);
      update(key, { state: "done", manifest, existing });
      return manifest;
    } catch (error) {
      update(key, signal.aborted ? { state: "cancelled" } : { state: "failed", error });
      return undefined;
    } finally {
      controllers.delete(key);
      // What the host could not delete now it deletes when it starts.
      if (sent) await client.uploads.end(sent.upload).catch(() => {});
    }
  };

  return {
    store,
    /** Resolves with the dataset, or undefined when the import failed or was cancelled; the job tells why. */
    add(source: ImportSource, options: ImportOptions = {}): Promise<Manifest | undefined> {
      const key = nextKey++;
      const controller = new AbortController();
      controllers.set(key, controller);
      const job: ImportJob = {
        key,
        path: typeof source === "string" ? source : source.name,
        sent: undefined,
        state: "waiting",
        progress: undefined,
        manifest: undefined,
        existing: false,
        error: undefined,
      };
      store.setState(({ jobs }) => ({ jobs: [...jobs, job] }));
      const done = last.then(() => work(key, source, options, controller.signal));
      last = done;
      return done;
    },
    cancel(key: number) {
      controllers.get(key)?.abort(new DOMException("The import was cancelled.", "AbortError"));
      const job = store.getState().jobs.find((each) => each.key === key);
      if (job?.state === "waiting") update(key, { state: "cancelled" });
    },
    dismiss: (key: number) => store.setState(({ jobs }) => ({ jobs: jobs.filter((job) => job.key !== key) })),
  };
}

export type Imports = ReturnType<typeof createImports>;
