// What a computing Worker tells the host as it goes: the newest progress, one request at a time, and that it is alive.
import { createProgressTeller } from "../../shared/api/progress-teller.ts";
import type { RemoteStore } from "../../shared/api/remote-store.ts";
import type { SessionNews } from "../../shared/api/sessions.ts";
import type { Progress } from "../../shared/experiment/ports.ts";

const PROGRESS_EVERY_MS = 300;
const ALIVE_EVERY_MS = 10_000;

export interface Reports extends AsyncDisposable {
  readonly onProgress: (progress: Progress) => void;
  readonly onNotice: (message: string) => void;
}

/** `onStop` is called when an answer says that somebody wants the run stopped. */
export function createReports(store: Pick<RemoteStore, "report">, onStop: () => void): Reports {
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
      if (answer?.stop) onStop();
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
      (progress) => add({ progress }),
      PROGRESS_EVERY_MS,
      () => Date.now(),
    ),
    onNotice: (notice) => add({ notice }),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await sending;
    },
  };
}
