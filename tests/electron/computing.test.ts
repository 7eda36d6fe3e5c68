// Who computes: a child of the host, which is asked, or the page's Worker, whose calls are seen.
import { expect, test } from "vitest";
import { watchComputing } from "../../electron/computing.ts";
import { SESSION_HEADER, SESSION_SILENCE_SECONDS } from "../../shared/api/sessions.ts";

const idle = { running: null, queue: [] };
const busy = { running: { runId: "r", done: 1, total: 2, perSecond: 1, secondsLeft: null }, queue: [] };

function watch(compute: () => Response) {
  let now = 0;
  const bodies: string[] = [];
  const computing = watchComputing(
    async (request) => {
      if (request.url.endsWith("/api/compute")) return compute();
      bodies.push(await request.text());
      return new Response(null, { status: request.url.includes("missing") ? 404 : 204 });
    },
    () => now,
  );
  const send = (run: string, method: string, body: object, session: string) =>
    computing.api(
      new Request(`app://stillroom/api/runs/${run}/session`, {
        method,
        body: JSON.stringify(body),
        headers: { [SESSION_HEADER]: session },
      }),
    );
  return { computing, send, bodies, pass: (seconds: number) => (now += seconds * 1000) };
}

test("the host's child counts while it has a run", async () => {
  let state: object = idle;
  const { computing } = watch(() => Response.json(state));
  expect(await computing.isComputing()).toBe(false);
  state = busy;
  expect(await computing.isComputing()).toBe(true);
});

test("a host without a child, as it is, counts as none", async () => {
  expect(await watch(() => new Response(null, { status: 404 })).computing.isComputing()).toBe(false);
});

test("a Worker counts from its first call to its end, and the host still gets the bodies", async () => {
  const { computing, send, bodies } = watch(() => Response.json(idle));
  await send("r", "PATCH", {}, "a");
  expect(await computing.isComputing()).toBe(true);
  await send("r", "PATCH", { outcome: { status: "done" } }, "b");
  expect(await computing.isComputing()).toBe(true);
  await send("missing", "PATCH", { outcome: { status: "done" } }, "a");
  expect(await computing.isComputing()).toBe(true);
  await send("r", "PATCH", { outcome: { status: "done" } }, "a");
  expect(await computing.isComputing()).toBe(false);
  expect(bodies[1]).toBe('{"outcome":{"status":"done"}}');
});

test("a Worker that fell silent counts no more", async () => {
  const { computing, send, pass } = watch(() => Response.json(idle));
  await send("r", "PATCH", {}, "a");
  pass(SESSION_SILENCE_SECONDS - 1);
  expect(await computing.isComputing()).toBe(true);
  pass(2);
  expect(await computing.isComputing()).toBe(false);
});
