// The table of runs: rows, order, filter, selection by pointer and keys, summaries, and a run once more.
import { expect, test } from "vitest";
import { repeatRun } from "../../renderer/stores/repeat-run.ts";
import { listRings } from "../../renderer/stores/rings.ts";
import { filterRows, isBusy, listChoices, sortRows, toRows } from "../../renderer/stores/run-rows.ts";
import { createRunSummaries } from "../../renderer/stores/run-summaries.ts";
import { createRunTable } from "../../renderer/stores/run-table.ts";
import { toSparkline } from "../../renderer/stores/sparkline.ts";
import type { ComputeState } from "../../shared/api/compute.ts";
import { newRunSchema, type RunSummary } from "../../shared/api/runs.ts";
import { listedRun } from "./run-records.ts";

const score = { set: "distilled", net: "convnet-3", ipc: 1, trials: [0.6], mean: 0.6, std: 0 } as const;
const everything = { query: "", dataset: undefined, method: undefined, state: undefined };

const progress = { stage: "synthesise", total: 20, perSecond: 1, secondsLeft: null } as const;
const computing: ComputeState = {
  running: { runId: "ours", where: "child", done: 9, ...progress },
  alsoRunning: [{ runId: "page", where: "page", done: 7, ...progress }],
  queue: ["next"],
};

test("the rail shows every run that is computed: the host's, those of pages, and those of other processes", () => {
  const list = [listedRun("a"), listedRun("cli", { name: "by hand" }, true), listedRun("page", { name: "P" }, true)];
  const rings = listRings(computing, list);
  expect(rings.map(({ id, name, running }) => [id, name, running?.done])).toEqual([
    ["ours", "ours", 9],
    ["page", "P", 7],
    ["cli", "by hand", undefined],
  ]);
  expect(listRings(undefined, list).map(({ id }) => id)).toEqual(["cli", "page"]);
});

test("a run is running while any process computes it, and waits while the host's queue has it", () => {
  const rows = toRows(
    [
      listedRun("a"),
      listedRun("killed", { status: "running" }),
      listedRun("cli", { status: "running", step: 4 }, true),
      listedRun("ours", { status: "running", step: 4 }),
      listedRun("page", { status: "running", step: 4 }),
      listedRun("next", { status: "created", stage: "prepare", step: 0 }),
    ],
    new Map(),
    computing,
  );
  expect(rows.map(({ state }) => state)).toEqual(["done", "stopped", "running", "running", "running", "waiting"]);
  expect(rows.map(({ step }) => step)).toEqual([20, 20, 4, 9, 7, 0]);
  expect(rows.map(isBusy)).toEqual([false, false, true, true, true, true]);
});

test("rows sort by any column, those without a value last whichever way", () => {
  const rows = toRows([listedRun("a"), listedRun("bb"), listedRun("ccc")], new Map([["a", [score]]]));
  for (const isDown of [true, false]) expect(sortRows(rows, "accuracy", isDown)[0].id).toBe("a");
  expect(sortRows(rows, "ipc", true).map(({ id }) => id)).toEqual(["ccc", "bb", "a"]);
  const named = toRows([listedRun("x", { name: "run 10" }), listedRun("yy", { name: "run 9" })], new Map());
  expect(sortRows(named, "name", false).map(({ name }) => name)).toEqual(["run 9", "run 10"]);
});

test("rows are kept by words, dataset and state, a stopped run being a paused one", () => {
  const rows = toRows(
    [
      listedRun("a", { status: "stopped" }),
      listedRun("bb", { status: "paused" }),
      listedRun("ccc", { dataset: { id: "e", name: "fashion", fingerprint: "g" } }),
    ],
    new Map(),
  );
  const ids = (filter: object) => filterRows(rows, { ...everything, ...filter }).map(({ id }) => id);
  expect(ids({ query: "bb digits" })).toEqual(["bb"]);
  expect(ids({ query: "dgts" })).toEqual([]);
  expect(ids({ state: "paused" })).toEqual(["a", "bb"]);
  expect(ids({ dataset: "fashion" })).toEqual(["ccc"]);
  expect(ids({ method: "dc" })).toEqual([]);
  expect(listChoices(rows)).toEqual({ dataset: ["digits", "fashion"], method: ["dm"], state: ["done", "paused"] });
});

test("rows are chosen as in a file manager, and the choice outlives another order", () => {
  const table = createRunTable();
  const shown = ["a", "b", "c", "d", "e"];
  const chosen = () => [...table.store.getState().chosen].sort().join("");
  table.only("b");
  table.extend(shown, "d");
  expect(chosen()).toBe("bcd");
  table.extend(shown, "a"); // the anchor stays where the range began
  expect(chosen()).toBe("ab");
  table.toggle("e");
  expect(chosen()).toBe("abe");
  table.extend(shown, "d", true);
  expect(chosen()).toBe("abde");
  table.extend(["e", "d", "c", "b", "a"], "c");
  expect(chosen()).toBe("cde");
  table.forget(["d", "x"]);
  expect(chosen()).toBe("ce");
  table.chooseAll(shown);
  expect(chosen()).toBe("abcde");
  table.chooseNone();
  expect(chosen()).toBe("");
});

test("keys walk the rows, stop at the ends, and take the range along", () => {
  const table = createRunTable();
  const shown = ["a", "b", "c"];
  const at = () => table.store.getState().at;
  table.step(shown, 1, false);
  expect(at()).toBe("a");
  table.step(shown, 1, true);
  table.step(shown, 1, true);
  table.step(shown, 1, true);
  expect([...table.store.getState().chosen]).toEqual(["a", "b", "c"]);
  expect(at()).toBe("c");
  table.step(shown, -1, true);
  expect([...table.store.getState().chosen]).toEqual(["a", "b"]);
  table.step(["x", "y"], 1, false); // what it stood on is no longer shown
  expect(at()).toBe("x");
  table.step([], 1, false);
  expect(at()).toBe("x");
});

test("the same column turns the order round, another begins as fits it", () => {
  const table = createRunTable();
  const sort = () => table.store.getState().sort;
  table.sortBy("accuracy", true);
  expect(sort()).toEqual({ key: "accuracy", isDown: true });
  table.sortBy("accuracy", true);
  expect(sort().isDown).toBe(false);
  table.sortBy("name", false);
  expect(sort()).toEqual({ key: "name", isDown: false });
});

test("summaries are read once for a run that stands still, and again after a failure or a change", async () => {
  const asked: string[] = [];
  let isDown = true;
  const summaries = createRunSummaries({
    runs: {
      summary: async (id: string): Promise<RunSummary> => {
        asked.push(id);
        if (isDown) throw new Error("down");
        return { bytes: 1, loss: [] };
      },
    },
  });
  const still = { id: "still", state: "done", step: 5 };
  await summaries.want([still]);
  isDown = false;
  await summaries.want([still]);
  await summaries.want([still, { id: "live", state: "running", step: 1 }]);
  await summaries.want([still, { id: "live", state: "running", step: 1 }]);
  await summaries.want([{ ...still, step: 6 }]);
  expect(asked).toEqual(["still", "still", "live", "live", "still"]);
  expect(summaries.store.getState().size).toBe(2);
});

test("what an earlier list still waits for is not forgotten by a newer one", async () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const summaries = createRunSummaries({
    runs: {
      summary: (id: string) => {
        asked.push(id);
        return new Promise<RunSummary>((resolve) => answers.push(() => resolve({ bytes: 1, loss: [] })));
      },
    },
  });
  const list = ["a", "b", "c", "d", "e", "f", "g"].map((id) => ({ id, state: "done", step: 1 }));
  const first = summaries.want(list);
  const second = summaries.want(list);
  expect(asked).toEqual(["a", "b", "c", "d"]); // a few at a time
  while (summaries.store.getState().size < list.length) {
    for (const answer of answers.splice(0)) answer();
    await Promise.resolve();
  }
  await Promise.all([first, second]);
  expect(asked).toEqual(list.map(({ id }) => id));
});

test("a sparkline spans its box, on a logarithm where values are far apart", () => {
  const path = toSparkline(
    [
      { step: 0, value: 100 },
      { step: 5, value: 10 },
      { step: 10, value: 1 },
    ],
    90,
    22,
  );
  expect(path).toBe("M0.0 1.0L45.0 11.0L90.0 21.0");
  expect(toSparkline([{ step: 1, value: 2 }], 90, 22)).toBe("");
  expect(
    toSparkline(
      [
        { step: 1, value: 2 },
        { step: 2, value: 2 },
      ],
      90,
      22,
    ),
  ).not.toContain("NaN");
  expect(
    toSparkline(
      [
        { step: 0, value: 0 },
        { step: 1, value: -4 },
      ],
      90,
      22,
    ),
  ).not.toContain("NaN");
});

test("a run once more has the same recipe and seed and nothing of what was computed", () => {
  const { record } = listedRun("a", { seed: 7, evaluate: false, error: { code: "x", message: "", hint: "" } });
  const again = repeatRun(record, { name: "a, again", version: "2" });
  expect(again).toMatchObject({ recipe: record.recipe, seed: 7, evaluate: false, app: { version: "2" } });
  expect(newRunSchema.parse(again)).toEqual(again);
  for (const name of ["id", "status", "step", "timings", "sessions", "error"]) expect(again).not.toHaveProperty(name);
});
