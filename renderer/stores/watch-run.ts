// One run that is looked at: its record, its events as they come, and the cursor in its history.
import { createStore } from "zustand/vanilla";
import type { Client } from "../../shared/api/client.ts";
import type { FollowLine } from "../../shared/api/compute.ts";
import type { EvaluationFile, RunRecord } from "../../shared/api/runs.ts";
import { type CursorStore, createCursor } from "./cursor.ts";
import { applyLines, emptyRun, type RunState } from "./run-state.ts";

export interface Notice {
  /** Milliseconds since 1970, when it was heard. */
  readonly time: number;
  readonly message: string;
}

/** Between two redraws while events stream, in milliseconds. */
const REDRAW_EVERY = 100;
/** Lines after which the page may draw and listen before more are read. */
const LINES_AT_ONCE = 250;

export interface WatchState {
  readonly record: RunRecord | undefined;
  readonly path: string | undefined;
  readonly run: RunState;
  readonly evaluation: EvaluationFile | undefined;
  /** What the host told between the events, newest last. */
  readonly notices: readonly Notice[];
  readonly connection: "opening" | "following" | "ended" | "broken";
  readonly error: unknown;
}

/** The part of the client that watching needs. */
export interface WatchPort {
  readonly runs: Pick<Client["runs"], "get" | "follow" | "evaluation">;
}

export interface RunWatch {
  readonly store: ReturnType<typeof createWatchStore>;
  readonly cursor: CursorStore;
  /** Reads all events and follows new ones; again after a start, or when the connection broke. */
  follow(): Promise<void>;
  dispose(): void;
}

const createWatchStore = () =>
  createStore<WatchState>(() => ({
    record: undefined,
    path: undefined,
    run: emptyRun,
    evaluation: undefined,
    notices: [],
    connection: "opening",
    error: undefined,
  }));

/** `pause` waits between two redraws, and before a broken connection is tried again. */
export function createRunWatch(
  client: WatchPort,
  id: string,
  pause: (milliseconds: number) => Promise<void> = (ms) => new Promise((done) => setTimeout(done, ms)),
): RunWatch {
  const store = createWatchStore();
  let current = new AbortController();

  const readRecord = async () => {
    const { path, record } = await client.runs.get(id);
    store.setState({ path, record });
    // Asked for only where there is one: a browser writes every 404 into its console.
    if (record.status === "done" && record.evaluate !== false)
      store.setState({ evaluation: await client.runs.evaluation(id) });
  };

  /** True when the host said that the run has ended; lines are applied in batches, so that thousands stay smooth. */
  const followOnce = async (signal: AbortSignal): Promise<boolean> => {
    let batch: FollowLine[] = [];
    let isFlushing = false;
    const flush = () => {
      const lines = batch;
      batch = [];
      isFlushing = false;
      if (signal.aborted || lines.length === 0) return;
      const notices = lines.flatMap((line) =>
        line.type === "notice" ? [{ time: Date.now(), message: line.message }] : [],
      );
      // A session has begun: the record now says where it computes.
      const isComputed = lines.some(({ type }) => type === "progress");
      if (isComputed && store.getState().record?.status !== "running") void readRecord().catch(() => {});
      store.setState((state) => ({
        run: applyLines(state.run, lines),
        notices: notices.length > 0 ? [...state.notices, ...notices].slice(-20) : state.notices,
        connection: "following",
      }));
    };
    let hasEnded = false;
    let count = 0;
    try {
      for await (const line of client.runs.follow(id, store.getState().run.nextSeq, { signal })) {
        batch.push(line);
        hasEnded = line.type === "ended";
        if (++count % LINES_AT_ONCE === 0) await pause(0);
        if (isFlushing) continue;
        isFlushing = true;
        // Not awaited: lines go on coming while the batch fills.
        pause(REDRAW_EVERY).then(flush);
      }
    } finally {
      flush();
    }
    return hasEnded;
  };

  const follow = async () => {
    current.abort();
    const { signal } = (current = new AbortController());
    store.setState({ error: undefined });
    for (let wait = 500; !signal.aborted; wait = Math.min(8000, wait * 2)) {
      try {
        await readRecord();
        const hasEnded = await followOnce(signal);
        if (signal.aborted) return;
        if (hasEnded) {
          await readRecord();
          store.setState({ connection: "ended" });
          return;
        }
        store.setState({ connection: "broken" });
      } catch (error) {
        if (signal.aborted) return;
        store.setState({ connection: "broken", error });
        if ((error as { code?: unknown }).code !== "host-unreachable") return;
      }
      await pause(wait);
    }
  };

  return { store, cursor: createCursor(), follow, dispose: () => current.abort() };
}
