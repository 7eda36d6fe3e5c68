// What a method tells of single steps: vectors become curves, and a trajectory is that of the step that is looked at.
import { expect, test } from "vitest";
import { curvesOf, lossByStart } from "../../renderer/stores/detail-curves.ts";
import { expertCurves, partCurve } from "../../renderer/stores/preparation-curves.ts";
import { applyEvents, applyLines, emptyRun, lastStep } from "../../renderer/stores/run-state.ts";
import { trajectoryAt } from "../../renderer/stores/trajectory.ts";
import type { RunEvent } from "../../shared/api/runs.ts";

const at = (step: number) => ({ stage: "synthesise" as const, step });
const detail = (step: number, vectors: Record<string, number[]>) => ({ type: "detail" as const, ...at(step), vectors });
const number = (events: readonly object[]) => events.map((event, seq) => ({ ...event, seq, time: seq }) as RunEvent);

const way = (expert: number, end: number) => ({
  path: [0, 0, end, 1],
  expertPath: [0, 0, 1, 1, 2, 0],
  distance: [1, 1 - end / 4],
  expertDistance: [1, 0.5, 0],
  where: [expert, 0, 2],
});
const events = number([
  { type: "step", stage: "prepare", step: 7, metrics: { loss: 2 } },
  { type: "step", ...at(1), metrics: { loss: 0.9, startEpoch: 1 } },
  detail(1, { ...way(3, 1), lossByClass: [4, 5] }),
  { type: "step", ...at(2), metrics: { loss: 0.8, startEpoch: 0 } },
  detail(2, { ...way(4, 2), lossByClass: [2, 3] }),
  { type: "step", ...at(3), metrics: { loss: 0.7, startEpoch: 1 } },
  detail(3, way(3, 3)),
]);
const run = applyEvents(emptyRun, events);

test("the steps of a preparation are not those of the distillation", () => {
  expect(lastStep(run)).toBe(3);
});

test("vectors are a curve for each place, under the names of the classes where they are as many", () => {
  const named = curvesOf(run, "lossByClass", ["left", "right"], String);
  expect(named).toEqual([
    { label: "left", steps: [1, 2], values: [4, 2] },
    { label: "right", steps: [1, 2], values: [5, 3] },
  ]);
  expect(curvesOf(run, "lossByClass", ["one"], (place) => `layer ${place}`).map(({ label }) => label)).toEqual([
    "layer 0",
    "layer 1",
  ]);
});

test("the loss is told apart by the epoch that the student started from", () => {
  expect(lossByStart(run, String)).toEqual([
    { label: "0", steps: [2], values: [0.8] },
    { label: "1", steps: [1, 3], values: [0.9, 0.7] },
  ]);
});

test("a trajectory is the newest by then, with earlier ones of the same expert alone", () => {
  expect(trajectoryAt(run, 3)).toMatchObject({
    step: 3,
    expert: 3,
    targetEpoch: 2,
    student: {
      step: 3,
      points: [
        { x: 0, y: 0 },
        { x: 3, y: 1 },
      ],
    },
    past: [{ step: 1 }],
    distances: [1, 0.25],
  });
  expect(trajectoryAt(run, 2)).toMatchObject({ step: 2, expert: 4, past: [] });
  expect(trajectoryAt(emptyRun, 2)).toBeUndefined();
});

test("what lies after a cut is forgotten", () => {
  const cut = applyLines(run, [{ type: "cut", events: 4 }]);
  expect(trajectoryAt(cut, 9)).toMatchObject({ step: 1 });
  expect(curvesOf(cut, "lossByClass", [], String)[0].steps).toEqual([1]);
  expect(applyLines(run, [{ type: "cut", events: 2 }]).details).toEqual({});
});

test("experts are told apart by their epochs; of many the newest stands beside mean and range", () => {
  const words = { expert: (i: number) => `e${i}`, mean: (n: number) => `mean of ${n}`, lowest: "low", highest: "high" };
  const part = (step: number, metrics: object) => ({ type: "step", stage: "prepare", step, metrics });
  const trained = (count: number) =>
    applyEvents(
      emptyRun,
      number([
        part(1, { loss: 9 }), // of the network for features, which comes before
        ...Array.from({ length: count }, (_, expert) => [
          part(2 + 3 * expert, { expert, epoch: 0, accuracy: 0.1 }),
          part(3 + 3 * expert, { expert, epoch: 1, loss: 2 + expert, accuracy: 0.5 }),
          part(4 + 3 * expert, { expert, planeShare: 1 }),
        ]).flat(),
      ]),
    );
  const few = trained(2);
  expect(expertCurves(few, "loss", words)).toEqual([
    { label: "e0", steps: [1], values: [2] },
    { label: "e1", steps: [1], values: [3] },
  ]);
  expect(expertCurves(few, "accuracy", words)[0]).toEqual({ label: "e0", steps: [0, 1], values: [0.1, 0.5] });
  expect(partCurve(few, "loss", "features")).toEqual([{ label: "features", steps: [1], values: [9] }]);
  expect(partCurve(few, "offset", "chosen")).toEqual([]);
  expect(expertCurves(trained(7), "loss", words)).toEqual([
    { label: "e6", steps: [1], values: [8] },
    { label: "mean of 7", steps: [1], values: [5] },
    { label: "low", steps: [1], values: [2] },
    { label: "high", steps: [1], values: [8] },
  ]);
  expect(expertCurves(emptyRun, "loss", words)).toEqual([]);
});
