// The reducer of a run: replayed, watched, cut back and ended.
import { expect, test } from "vitest";
import { findBestStep, toJudgedPoints } from "../../renderer/stores/judged.ts";
import { applyEvents, applyLines, emptyRun, lastStep } from "../../renderer/stores/run-state.ts";
import { gatherScores } from "../../renderer/stores/scores.ts";
import { number, preview, shortRun, step, trial } from "./run-events.ts";

test("a replayed run is whole", () => {
  const run = applyEvents(emptyRun, shortRun);
  expect(run.status).toBe("done");
  expect(run.steps).toEqual({ synthesise: 4, evaluate: 2 });
  expect(run.series["synthesise/loss"]).toMatchObject({ steps: [1, 2, 3, 4], values: [19, 12, 8, 9] });
  expect(run.previews.map((each) => each.step)).toEqual([0, 2, 4]);
  expect(run.checkpoints.map((each) => each.step)).toEqual([0, 2]);
  expect(lastStep(run)).toBe(4);
  expect(run.nextSeq).toBe(shortRun.length);
});

test("one event at a time gives the same state as all at once", () => {
  const once = applyEvents(emptyRun, shortRun);
  const singly = shortRun.reduce((run, event) => applyEvents(run, [event]), emptyRun);
  expect(singly).toEqual(once);
});

test("the states before stay as they were", () => {
  const before = applyEvents(emptyRun, shortRun.slice(0, 5));
  const copy = structuredClone(before);
  applyEvents(before, shortRun.slice(5));
  expect(before).toEqual(copy);
});

test("a resumed run forgets what lies after its checkpoint, told or not", () => {
  const before = applyEvents(emptyRun, shortRun);
  const again = number([{ type: "stage", stage: "synthesise", step: 2, steps: 4 }, step(3, 7)], 7);
  const untold = applyEvents(before, again);
  const told = applyLines(before, [{ type: "cut", events: 7 }, ...again]);
  for (const run of [untold, told]) {
    expect(run.series["synthesise/loss"]).toMatchObject({ steps: [1, 2, 3], values: [19, 12, 7] });
    expect(run.previews.map((each) => each.step)).toEqual([0, 2]);
    expect(run.evaluations).toEqual([]);
    expect(run.status).toBe("running");
  }
  expect(told.nextSeq).toBe(9);
});

test("progress is shown while the run goes on, and gone when it ends", () => {
  const progress = {
    type: "progress",
    stage: "evaluate",
    done: 3,
    total: 10,
    unit: "epoch",
    perSecond: 2,
    secondsLeft: null,
    note: "",
  } as const;
  const running = applyLines(applyEvents(emptyRun, shortRun.slice(0, 11)), [progress]);
  expect(running.progress).toEqual(progress);
  expect(running.stage).toBe("evaluate");
  const ended = applyLines(running, [{ type: "ended", status: "stopped" }]);
  expect(ended.progress).toBeUndefined();
  expect(ended.status).toBe("stopped");
});

test("a failure is kept until the run goes on", () => {
  const failure = { code: "not-finite", message: "The loss is not finite.", hint: "Lower the rate." };
  const events = number([
    { type: "stage", stage: "synthesise", step: 0, steps: 4 },
    { type: "failed", stage: "synthesise", step: 1, ...failure },
  ]);
  const failed = applyEvents(emptyRun, events);
  expect(failed.failure).toMatchObject(failure);
  const resumed = applyEvents(failed, number([{ type: "stage", stage: "synthesise", step: 0, steps: 4 }], 2));
  expect(resumed.failure).toBeUndefined();
});

test("metrics beside the loss, and of other stages, are series of their own", () => {
  const run = applyEvents(
    emptyRun,
    number([
      { type: "step", stage: "prepare", step: 1, metrics: { loss: 1 } },
      { type: "step", stage: "synthesise", step: 1, metrics: { loss: 2, rate: 0.1 } },
    ]),
  );
  expect(Object.keys(run.series)).toEqual(["prepare/loss", "synthesise/loss", "synthesise/rate"]);
});

test("twenty thousand events are applied in well under a second", () => {
  const events = number(Array.from({ length: 20_000 }, (_, i) => (i % 500 === 0 ? preview(i) : step(i, 1 / (i + 1)))));
  const start = performance.now();
  let run = emptyRun;
  for (let i = 0; i < events.length; i += 500) run = applyEvents(run, events.slice(i, i + 500));
  expect(performance.now() - start).toBeLessThan(1000);
  expect(run.series["synthesise/loss"].steps).toHaveLength(19_960);
});

test("scores gather trials by set, each once", () => {
  const told = number([
    trial("random", 0, 0.5),
    trial("distilled", 0, 0.7),
    trial("distilled", 1, 0.6),
    trial("distilled", 1, 0.6),
  ]);
  const run = applyEvents(emptyRun, told);
  expect(gatherScores(run.evaluations)).toMatchObject([
    { set: "distilled", trials: [0.7, 0.6], mean: expect.closeTo(0.65, 9), std: expect.closeTo(0.05, 9) },
    { set: "random", trials: [0.5], mean: 0.5, std: 0 },
  ]);
});

test("steps judged on held-out images stand apart from the evaluation, and are cut back with their step", () => {
  const judge = (step: number, accuracy: number) =>
    ({ ...trial("distilled", 0, accuracy), stage: "synthesise", step }) as const;
  const told = number([step(1, 3), judge(1, 0.5), step(2, 2), judge(2, 0.6), step(3, 1), judge(3, 0.6)]);
  const run = applyEvents(emptyRun, told);
  expect(run.evaluations).toEqual([]);
  const points = toJudgedPoints(run.judged);
  expect(points.map((point) => point.value)).toEqual([0.5, 0.6, 0.6]);
  expect(findBestStep(points)).toEqual({ step: 2, value: 0.6 });
  const back = applyEvents(run, number([judge(2, 0.4)], 3));
  expect(toJudgedPoints(back.judged)).toEqual([
    { step: 1, value: 0.5 },
    { step: 2, value: 0.4 },
  ]);
  expect(findBestStep([])).toBeUndefined();
});
