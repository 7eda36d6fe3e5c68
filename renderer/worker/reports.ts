// What a computing Worker tells the host as it goes: the newest progress, one request at a time, and that it is alive.
import { createProgressTeller } from "../../shared/api/progress-teller.ts";
import type { RemoteStore } from "../../shared/api/remote-store.ts";
import type { SessionNews } from "../../shared/api/sessions.ts";
import type { Progress } from "../../shared/experiment/ports.ts";

const ALIVE_EVERY_MS = 10_000;

export interface Reports extends AsyncDisposable {
  readonly onProgress: (progress: Progress) => void;
  readonly onNotice: (message: string) => void;
}

/** Aborted when an answer says that somebody wants it. */
export interface Wishes {
  readonly stop: AbortController;
  /** Ends the distillation, and goes on with the evaluation. */
  readonly finish: AbortController;
}

/** `memoryBytes` is asked for with every report. */
export function createReports(
  store: Pick<RemoteStore, "report">,
  { stop, finish }: Wishes,
  everyMs: number,
  memoryBytes: () => number | undefined = () => undefined,
): Reports {
  let waiting: SessionNews | undefined;
  let sending: Promise<void> | undefined;
  let sentAt = 0;

  const sendAll = async () => {
    while (waiting) {
      const news = waiting;
      waiting = undefined;
      sentAt = Date.now();
      // What counts is written, and fails by itself; the next report tells anew how it goes.
      const answer = await store.report(news).catch(() => undefined);
      if (answer?.stop) stop.abort();
      if (answer?.finish) finish.abort();
    }
    sending = undefined;
  };
  const add = (news: SessionNews) => {
    const notice = [waiting?.notice, news.notice].filter(Boolean).join(" ");
    waiting = { ...waiting, ...news, ...(notice && { notice }) };
    sending ??= sendAll();
  };
  const timer = setInterval(() => {
    if (Date.now() - sentAt >= ALIVE_EVERY_MS) add({});
  }, ALIVE_EVERY_MS / 2);

  return {
    onProgress: createProgressTeller(
      (line) => add({ progress: { ...line, memoryBytes: memoryBytes() } }),
      everyMs,
      () => Date.now(),
    ),
    onNotice: (notice) => add({ notice }),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await sending;
    },
  };
}
