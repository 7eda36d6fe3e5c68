// A stream of lines stops with its reader, and its source lets go of what it holds.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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
  const response = streamNdjson<object>(request, makeSource(100_000, state), toLastLine);
  const reader = response.body?.getReader();
  await reader?.read();
  expect(state.isOver).toBe(false);
  if (way === "the request is aborted") controller.abort();
  else await reader?.cancel();
  await expect.poll(() => state.isOver).toBe(true);
});

test("what is ready at once comes in one chunk", async () => {
  const request = new Request("http://localhost/");
  const response = streamNdjson<object>(request, makeSource(2500, { isOver: false }), toLastLine);
  const sizes: number[] = [];
  for await (const chunk of response.body ?? []) sizes.push(Buffer.from(chunk).toString().split("\n").length - 1);
  expect(sizes).toEqual([1000, 1000, 500]);
});

test("a line that must be waited for holds up none before it", async () => {
  const source = async function* (signal: AbortSignal) {
    yield { value: 1 };
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  };
  const response = streamNdjson<object>(new Request("http://localhost/"), source, toLastLine);
  const reader = response.body?.getReader();
  const first = await reader?.read();
  expect(Buffer.from(first?.value ?? []).toString()).toBe('{"value":1}\n');
  await reader?.cancel();
});

test("the end of a request that nobody else holds is heard", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const controller = new AbortController();
  let isOver = false;
  const respond = () =>
    streamNdjson<object>(
      new Request("http://localhost/", { signal: controller.signal }),
      async function* (signal) {
        yield { value: 1 };
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        isOver = true;
      },
      toLastLine,
    );
  const reader = respond().body?.getReader();
  await reader?.read();
  for (let i = 0; i < 5; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  controller.abort();
  await expect.poll(() => isOver).toBe(true);
});
