// Follows a run: its stored events, then what comes, until nobody computes it any more.

import { setTimeout as sleep } from "node:timers/promises";
import type { FollowLine } from "../../../shared/api/compute.ts";
import type { ComputeSignal } from "../compute.ts";
import type { Run } from "./folder.ts";
import { createEventTail } from "./tail.ts";

export interface Following {
  readonly from: number;
  /** Opens the run as it is now. */
  readonly open: () => Promise<Run>;
  readonly isActive: (run: Run) => Promise<boolean>;
  /** Calls the listener with every signal until the returned function is called. */
  readonly subscribe: (listener: (signal: ComputeSignal) => void) => () => void;
  readonly signal: AbortSignal;
}

/** Another process, such as the command line, tells nothing: its events are looked for. */
const LOOK_EVERY_MS = 500;

export async function* followRun(following: Following): AsyncGenerator<FollowLine, void, undefined> {
  const { from, open, isActive, subscribe, signal } = following;
  let waiting: ComputeSignal[] = [];
  let wake = () => {};
  const unsubscribe = subscribe((each) => {
    // Of several progresses only the newest matters.
    if (each.type === "progress") waiting = waiting.filter(({ type }) => type !== "progress");
    waiting.push(each);
    wake();
  });
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort);
  try {
    const run = await open();
    const tail = createEventTail(run, from);
    while (!signal.aborted) {
      // Asked before reading, so that what was written until then is read.
      const active = await isActive(run);
      const signals = waiting;
      waiting = [];
      for (const each of signals) if (each.type === "cut") tail.cut(each.events);
      yield* tail.read();
      for (const each of signals) {
        if (each.type === "ended") return yield each;
        if (each.type === "progress" || each.type === "notice") yield each;
      }
      if (!active && waiting.length === 0) {
        const { status, error } = (await open()).record;
        return yield { type: "ended", status, ...(error && { error }) };
      }
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (waiting.length === 0 && !signal.aborted) {
        const timer = new AbortController();
        await Promise.race([woken, sleep(LOOK_EVERY_MS, undefined, { signal: timer.signal }).catch(() => {})]);
        timer.abort();
      }
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    unsubscribe();
  }
}
