// A stream of values as an ndjson response that stops with its reader.

import { setImmediate as turnOfEvents } from "node:timers/promises";
import { writeNdjson } from "../../shared/formats/index.ts";
import { describeFailure } from "./failure.ts";

/** One chunk for what is ready at once: thousands of stored events would be thousands of writes. */
const MAX_LINES_IN_CHUNK = 1000;

/** `make` gets a signal that aborts when the request or the body is cancelled. A failure is the last line, as `ended`. */
export function streamNdjson<T>(
  request: Request,
  make: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
  toLastLine: (failure: ReturnType<typeof describeFailure>["body"]) => T,
): Response {
  const controller = new AbortController();
  const values = make(controller.signal);
  const abort = () => {
    controller.abort();
    // A generator that waits at a yield hears no signal: it is told to let go of what it holds.
    void values.return(undefined).catch(() => {});
  };
  request.signal.addEventListener("abort", abort, { once: true });
  if (request.signal.aborted) abort();
  // The stream keeps the request, not its signal alone, which Node lets fall silent once nobody holds the request.
  const forget = () => request.signal.removeEventListener("abort", abort);

  const encoder = new TextEncoder();
  const next = (): Promise<IteratorResult<T, void>> =>
    values.next().catch((error: unknown) => ({ done: false, value: toLastLine(describeFailure(error).body) }));
  /** Asked for and not yet sent. */
  let asked: ReturnType<typeof next> | undefined;
  const body = new ReadableStream<Uint8Array>({
    async pull(stream) {
      asked ??= next();
      let step: IteratorResult<T, void> | undefined = await asked;
      const ready: T[] = [];
      const turn = turnOfEvents(undefined);
      while (step !== undefined && !step.done && ready.length < MAX_LINES_IN_CHUNK) {
        ready.push(step.value);
        asked = next();
        step = await Promise.race([asked, turn]);
      }
      // A body that its reader has cancelled is closed already.
      if (ready.length > 0) passOver(() => stream.enqueue(encoder.encode(writeNdjson(ready))), controller.signal);
      if (!step?.done) return;
      forget();
      passOver(() => stream.close(), controller.signal);
    },
    cancel() {
      forget();
      abort();
    },
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" } });
}

/** What fails on a stream that was cancelled meanwhile does not matter. */
function passOver(work: () => void, signal: AbortSignal): void {
  try {
    work();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The same for work that tells by callback; its signal aborts when the reader is gone. */
export function streamWork<T>(
  request: Request,
  work: (send: (value: T) => void, signal: AbortSignal) => Promise<void>,
  toLastLine: (failure: ReturnType<typeof describeFailure>["body"]) => T,
): Response {
  const make = async function* (signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    const waiting: T[] = [];
    let wake = () => {};
    let end: { readonly error?: unknown } | undefined;
    const send = (value: T) => {
      waiting.push(value);
      wake();
    };
    work(send, signal)
      .then(
        () => (end = {}),
        (error: unknown) => (end = { error }),
      )
      .finally(() => wake());
    for (;;) {
      yield* waiting.splice(0);
      if (end !== undefined && waiting.length === 0) break;
      if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    }
    if (end.error !== undefined) throw end.error;
  };
  return streamNdjson(request, make, toLastLine);
}
