// A stream of lines stops with its reader, and its source lets go of what it holds.
import { expect, test } from "vitest";
import { streamNdjson } from "../../electron/host/ndjson-response.ts";

/** Counts to `end`, and notes when it was let go. */
function makeSource(end: number, state: { isOver: boolean }) {
  return async function* count(signal: AbortSignal) {
    try {
      for (let value = 0; value < end && !signal.aborted; value++) yield { value };
    } finally {
      state.isOver = true;
    }
  };
}
const toLastLine = ({ code }: { code: string }) => ({ code });

test("all lines, and a failure as the last one", async () => {
  const failing = async function* () {
    yield { value: 1 };
    throw new Error("torn");
  };
  const request = new Request("http://localhost/");
  const response = streamNdjson<object>(request, failing, toLastLine);
  expect(await response.text()).toBe('{"value":1}\n{"code":"internal"}\n');
});

test.each(["the body is cancelled", "the request is aborted"])("%s", async (way) => {
  const state = { isOver: false };
  const controller = new AbortController();
  const request = new Request("http://localhost/", { signal: controller.signal });
  const response = streamNdjson<object>(request, makeSource(1000, state), toLastLine);
  const reader = response.body?.getReader();
  await reader?.read();
  expect(state.isOver).toBe(false);
  if (way === "the request is aborted") controller.abort();
  else await reader?.cancel();
  await expect.poll(() => state.isOver).toBe(true);
});
