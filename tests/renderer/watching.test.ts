// Stores that talk to the host: watching a run and putting one together, against small fakes.
import { expect, test } from "vitest";
import { createNewRun, type NewRunPort } from "../../renderer/stores/new-run.ts";
import { createRunWatch, type WatchPort } from "../../renderer/stores/watch-run.ts";
import type { FollowLine } from "../../shared/api/compute.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { shortRun } from "./run-events.ts";

const soon = () => Promise.resolve();

/** A host that gives these lines, one list for each connection. */
function createWatchHost(connections: readonly (readonly FollowLine[])[], status: "done" | "stopped" = "done") {
  const asked: number[] = [];
  const port = {
    runs: {
      get: async () => ({ path: "/runs/a", record: { id: "a", status } }),
      evaluation: async () => undefined,
      follow: async function* (_: string, from = 0) {
        asked.push(from);
        yield* connections[asked.length - 1] ?? [];
      },
    },
  } as unknown as WatchPort;
  return { port, asked };
}

test("a watched run is read to its end", async () => {
  const { port, asked } = createWatchHost([[...shortRun, { type: "ended", status: "done" }]]);
  const watch = createRunWatch(port, "a", soon);
  await watch.follow();
  const { run, connection, record } = watch.store.getState();
  expect(connection).toBe("ended");
  expect(record?.id).toBe("a");
  expect(run.series["synthesise/loss"].values).toEqual([19, 12, 8, 9]);
  expect(asked).toEqual([0]);
});

test("a broken connection goes on where it broke, with nothing twice", async () => {
  const { port, asked } = createWatchHost([
    shortRun.slice(0, 5),
    [...shortRun.slice(5), { type: "ended", status: "done" }],
  ]);
  const watch = createRunWatch(port, "a", soon);
  await watch.follow();
  expect(asked).toEqual([0, 5]);
  expect(watch.store.getState().run.series["synthesise/loss"].steps).toEqual([1, 2, 3, 4]);
  expect(watch.store.getState().connection).toBe("ended");
});

test("a run that is not there is said, and not asked for again", async () => {
  const missing = new UserError("run-not-found", 'There is no run "a".');
  const port = { runs: { get: () => Promise.reject(missing) } } as unknown as WatchPort;
  const watch = createRunWatch(port, "a", soon);
  await watch.follow();
  expect(watch.store.getState()).toMatchObject({ connection: "broken", error: missing });
});

function createRecipeHost() {
  const asked: unknown[] = [];
  const preset = { ipc: 1, method: { steps: 500 } };
  const port = {
    recipes: {
      resolve: async ({ changes }: { changes: { ipc?: number } }) => {
        asked.push(changes);
        if (changes.ipc === 0) {
          const problems = [{ path: "ipc", message: "too small" }];
          throw new UserError("bad-recipe", "The recipe cannot be used.", "", { problems });
        }
        return { recipe: { ...preset, ...changes }, preset };
      },
    },
    runs: {
      estimate: async ({ evaluate }: { evaluate: boolean }) => ({ estimate: { totalSeconds: evaluate ? 9 : 4 } }),
    },
  } as unknown as NewRunPort;
  return { port, asked };
}

test("a new run is resolved and measured; a change that equals the preset is none", async () => {
  const { port, asked } = createRecipeHost();
  const form = createNewRun(port, soon);
  await form.choose({ dataset: "d", recipe: "2023-dm-zhao" });
  expect(form.store.getState()).toMatchObject({ isMeasuring: false, estimate: { estimate: { totalSeconds: 9 } } });
  await form.set("ipc", 10);
  expect(form.store.getState().resolved?.recipe.ipc).toBe(10);
  await form.set("ipc", 1);
  expect(form.store.getState().changes).toEqual({});
  expect(asked).toEqual([{}, { ipc: 10 }, {}]);
});

test("a run without an evaluation is measured as such", async () => {
  const { port } = createRecipeHost();
  const form = createNewRun(port, soon);
  await form.choose({ dataset: "d", recipe: "dm", evaluate: false });
  expect(form.store.getState().estimate?.estimate.totalSeconds).toBe(4);
});

test("a wrong value is told at its field and keeps the last good recipe", async () => {
  const { port } = createRecipeHost();
  const form = createNewRun(port, soon);
  await form.choose({ dataset: "d", recipe: "dm" });
  await form.set("ipc", 0);
  const wrong = form.store.getState();
  expect(wrong.problems.get("ipc")).toBe("too small");
  expect(wrong.resolved?.recipe.ipc).toBe(1);
  expect(wrong.estimate).toBeUndefined();
  await form.putBack("ipc");
  expect(form.store.getState().problems.size).toBe(0);
});

test("of quick changes only the last is asked for", async () => {
  const { port, asked } = createRecipeHost();
  const form = createNewRun(port, soon);
  await form.choose({ dataset: "d", recipe: "dm" });
  await Promise.all([form.set("ipc", 2), form.set("ipc", 3), form.set("ipc", 4)]);
  expect(asked).toEqual([{}, { ipc: 4 }]);
});

test("what starts is the latest choice, also right after it was made", async () => {
  const { port } = createRecipeHost();
  const form = createNewRun(port, soon);
  await form.choose({ dataset: "d", recipe: "dm" });
  const changed = form.set("ipc", 5);
  expect(form.store.getState().resolved?.recipe.ipc).toBe(1);
  expect((await form.settle()).resolved?.recipe.ipc).toBe(5);
  await changed;
  expect((await form.settle()).resolved?.recipe.ipc).toBe(5);
  form.set("ipc", 0);
  expect((await form.settle()).problems.get("ipc")).toBe("too small");
});
