// A stream of values as an ndjson response that stops with its reader.

import { writeNdjson } from "../../shared/formats/index.ts";
import { describeFailure } from "./failure.ts";

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
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(stream) {
      let step: IteratorResult<T, void>;
      try {
        step = await values.next();
      } catch (error) {
        step = { done: false, value: toLastLine(describeFailure(error).body) };
      }
      // A body that its reader has cancelled is closed already.
      if (controller.signal.aborted && step.done) return closeQuietly(stream);
      if (step.done) stream.close();
      else stream.enqueue(encoder.encode(writeNdjson([step.value])));
    },
    cancel: abort,
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" } });
}

function closeQuietly(stream: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    stream.close();
  } catch {
    // cancelled, so closed
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
