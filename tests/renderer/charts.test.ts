// Curves for the screen: thinned out without losing spikes, read back exactly, on round axes.
import { expect, test } from "vitest";
import { linearAxis, logAxis, placeOn } from "../../renderer/stores/axis.ts";
import { decimate, nearestPoint, sampleRows, summarise } from "../../renderer/stores/decimate.ts";

const steps = Array.from({ length: 10_000 }, (_, i) => i + 1);
const values = steps.map((step) => (step === 4321 ? 99 : step === 8765 ? -99 : Math.sin(step)));
const curve = { steps, values };

test("at most two points a column, and every spike is among them", () => {
  const points = decimate(curve, 0, 10_000, 300);
  expect(points.length).toBeLessThanOrEqual(600);
  expect(points).toContainEqual({ step: 4321, value: 99 });
  expect(points).toContainEqual({ step: 8765, value: -99 });
  expect(points.map(({ step }) => step)).toEqual(points.map(({ step }) => step).sort((a, b) => a - b));
});

test("few points stay all, also of a part", () => {
  expect(decimate(curve, 11, 20, 300).map(({ step }) => step)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  expect(decimate({ steps: [], values: [] }, 0, 10, 5)).toEqual([]);
});

test("the value at the cursor is a measured one", () => {
  const sparse = { steps: [10, 20, 40], values: [1, 2, 3] };
  expect(nearestPoint(sparse, 0)).toEqual({ step: 10, value: 1 });
  expect(nearestPoint(sparse, 16)).toEqual({ step: 20, value: 2 });
  expect(nearestPoint(sparse, 31)).toEqual({ step: 40, value: 3 });
  expect(nearestPoint(sparse, 999)).toEqual({ step: 40, value: 3 });
  expect(nearestPoint({ steps: [], values: [] }, 1)).toBeUndefined();
});

test("the summary and the table hold the ends and the extremes", () => {
  expect(summarise(curve)).toMatchObject({ lowest: { step: 8765 }, highest: { step: 4321 }, last: { step: 10_000 } });
  const rows = sampleRows(curve, 20);
  expect(rows).toHaveLength(20);
  expect([rows[0].step, rows[19].step]).toEqual([1, 10_000]);
  expect(sampleRows({ steps: [5], values: [1] }, 20)).toEqual([{ step: 5, value: 1 }]);
});

test("axes end at round values around the data", () => {
  expect(logAxis(0.66, 8)).toMatchObject({ from: 0.5, to: 10, ticks: [0.5, 1, 2, 5, 10] });
  expect(logAxis(2.3, 4.7).ticks).toEqual([2, 3, 4, 5]);
  expect(logAxis(0.001, 900).ticks).toEqual([0.001, 0.01, 0.1, 1, 10, 100, 1000]);
  expect(linearAxis(0.12, 0.88, 4)).toMatchObject({ from: 0, to: 1 });
  expect(linearAxis(0, 150, 5, true)).toMatchObject({ from: 0, to: 150, ticks: [0, 25, 50, 75, 100, 125, 150] });
  expect(linearAxis(0, 80, 3, true).ticks).toEqual([0, 20, 40, 60, 80]);
  expect(linearAxis(3, 3, 4).to).toBeGreaterThan(3);
});

test("values lie where their axis has them", () => {
  const log = logAxis(1, 100);
  expect(placeOn(log, 1)).toBe(0);
  expect(placeOn(log, 10)).toBeCloseTo(0.5);
  expect(placeOn(linearAxis(0, 10, 5), 5)).toBe(0.5);
});
