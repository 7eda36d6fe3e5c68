// Imports that run now: one after another in the order they were asked for, each with progress and a way to cancel.
import { createStore } from "zustand/vanilla";
import type { Client } from "../../shared/api/client.ts";
import type { ImportOptions, ImportPicture, ImportProgress } from "../../shared/api/datasets.ts";
import { describeError } from "../../shared/lib/user-error.ts";

type Manifest = Awaited<ReturnType<Client["datasets"]["import"]>>["manifest"];

/** What is imported. An upload is ended when its import is. */
export type ImportTarget =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "upload"; readonly upload: string; readonly name: string }
  | { readonly kind: "sample"; readonly name: string };

/** "interrupted": the page was reloaded or closed, and with it the import ended. */
export type ImportJobState = "waiting" | "running" | "done" | "failed" | "cancelled" | "interrupted";

export interface ImportJob {
  readonly key: number;
  readonly target: ImportTarget;
  readonly options: ImportOptions;
  readonly state: ImportJobState;
  readonly progress: ImportProgress | undefined;
  /** A few of the stored pictures, as addresses, in the order in which they were stored. */
  readonly pictures: readonly string[];
  readonly manifest: Manifest | undefined;
  /** Whether the same pictures were stored before. */
  readonly existing: boolean;
  readonly error: unknown;
}

interface ImportsState {
  readonly jobs: readonly ImportJob[];
}

export interface ImportsClient {
  readonly datasets: Pick<Client["datasets"], "import" | "importSample">;
  readonly uploads: Pick<Client["uploads"], "end">;
}

/** The part of a Storage that outlives a reload of the page. */
export type ImportsMemory = Pick<Storage, "getItem" | "setItem">;

const REMEMBERED = "stillroom.imports";

export const isActive = ({ state }: ImportJob): boolean => state === "waiting" || state === "running";

/** How a job is called before its dataset is there. */
export function nameOf({ target, options, manifest }: ImportJob): string {
  if (manifest) return manifest.name;
  if (options.name) return options.name;
  if (target.kind !== "path") return target.name;
  return target.path.split(/[/\\]/).filter(Boolean).at(-1) ?? target.path;
}

export function createImports(client: ImportsClient, memory?: ImportsMemory) {
  const controllers = new Map<number, AbortController>();
  let last: Promise<unknown> = Promise.resolve();
  let nextKey = 0;
  const newJob = (target: ImportTarget, options: ImportOptions, state: ImportJobState): ImportJob => ({
    key: nextKey++,
    target,
    options,
    state,
    progress: undefined,
    pictures: [],
    manifest: undefined,
    existing: false,
    error: undefined,
  });
  const store = createStore<ImportsState>(() => ({
    jobs: recall(memory).map(({ target, options }) => newJob(target, options, "interrupted")),
  }));
  let isLeft = false;
  store.subscribe(({ jobs }) => {
    if (!isLeft) remember(memory, jobs);
  });
  const update = (key: number, change: Partial<ImportJob>) =>
    store.setState(({ jobs }) => ({ jobs: jobs.map((job) => (job.key === key ? { ...job, ...change } : job)) }));

  const work = async ({ key, target, options }: ImportJob, signal: AbortSignal) => {
    const onProgress = (progress: ImportProgress) => update(key, { progress });
    const pictures: string[] = [];
    const onPicture = ({ picture }: ImportPicture) => {
      pictures.push(picture);
      update(key, { pictures: [...pictures] });
    };
    try {
      signal.throwIfAborted();
      update(key, { state: "running" });
      const source = target.kind === "path" ? target.path : target.kind === "upload" ? { upload: target.upload } : null;
      const { manifest, existing } = await (source === null
        ? client.datasets.importSample(options, onProgress, signal, onPicture)
        : client.datasets.import(source, options, onProgress, signal, onPicture));
      update(key, { state: "done", manifest, existing });
      return manifest;
    } catch (error) {
      update(key, signal.aborted ? { state: "cancelled" } : { state: "failed", error });
      return undefined;
    } finally {
      controllers.delete(key);
      // What the host could not delete now it deletes when it starts.
      if (target.kind === "upload") await client.uploads.end(target.upload).catch(() => {});
    }
  };
  const dismiss = (key: number) => store.setState(({ jobs }) => ({ jobs: jobs.filter((job) => job.key !== key) }));

  /** Resolves with the dataset, or undefined when the import failed or was cancelled; the job tells why. */
  const add = (target: ImportTarget, options: ImportOptions = {}): Promise<Manifest | undefined> => {
    const job = newJob(target, options, "waiting");
    const controller = new AbortController();
    controllers.set(job.key, controller);
    store.setState(({ jobs }) => ({ jobs: [...jobs, job] }));
    const done = last.then(() => work(job, controller.signal));
    last = done;
    return done;
  };

  return {
    store,
    add,
    cancel(key: number) {
      controllers.get(key)?.abort(new DOMException("The import was cancelled.", "AbortError"));
      const job = store.getState().jobs.find((each) => each.key === key);
      if (job?.state === "waiting") update(key, { state: "cancelled" });
    },
    dismiss,
    /** The same once more, where the host still has what it was made of. */
    again(key: number): Promise<Manifest | undefined> {
      const job = store.getState().jobs.find((each) => each.key === key);
      if (!job || job.target.kind === "upload") return Promise.resolve(undefined);
      dismiss(key);
      return add(job.target, job.options);
    },
    /** When the page is left: what was sent is of no use to anyone, and what fails from here on was broken off. */
    abandon() {
      isLeft = true;
      for (const { target, state } of store.getState().jobs) {
        const isOver = state !== "waiting" && state !== "running";
        if (target.kind === "upload" && !isOver) {
          void client.uploads.end(target.upload, { keepalive: true }).catch(() => {});
        }
      }
    },
  };
}

type Remembered = Pick<ImportJob, "target" | "options">;

function remember(memory: ImportsMemory | undefined, jobs: readonly ImportJob[]): void {
  const active = jobs
    .filter((job) => isActive(job) || job.state === "interrupted")
    .map(({ target, options }) => ({ target, options }) satisfies Remembered);
  const text = JSON.stringify(active);
  try {
    if (memory && memory.getItem(REMEMBERED) !== text) memory.setItem(REMEMBERED, text);
  } catch (error) {
    console.warn(`Imports are not remembered: ${describeError(error)}`); // a browser that keeps nothing
  }
}

/** Only this page writes there; what cannot be read was another version's. */
function recall(memory: ImportsMemory | undefined): readonly Remembered[] {
  try {
    const value: unknown = JSON.parse(memory?.getItem(REMEMBERED) ?? "[]");
    return Array.isArray(value)
      ? value.filter((each): each is Remembered => "target" in each && "options" in each)
      : [];
  } catch {
    return [];
  }
}
