// What the run view decides by itself: zoomed parts, which exact values are shown, the paper's protocol, axes that stay.
import { expect, test } from "vitest";
import { roundEnd } from "../../renderer/stores/axis.ts";
import { keptAt } from "../../renderer/stores/kept-steps.ts";
import { countClasses, fitZoom, layOut, measureTable, nextZoom, sheetOf } from "../../renderer/stores/light-table.ts";
import { applyEvents, emptyRun, listMetrics } from "../../renderer/stores/run-state.ts";
import { panRange, zoomRange } from "../../renderer/stores/zoom-range.ts";
import { layPreview } from "../../shared/lib/preview-grid.ts";
import { isSameName, listProtocolDifferences } from "../../shared/recipe/published.ts";
import type { Seed } from "../../shared/recipe/seed.ts";

const whole = { from: 0, to: 1000 };

test("a zoom keeps its centre in place, stays within the whole, and ends at it", () => {
  expect(zoomRange(whole, whole, 0.5, 500)).toEqual({ from: 250, to: 750 });
  expect(zoomRange(whole, whole, 0.5, 1000)).toEqual({ from: 500, to: 1000 });
  expect(zoomRange({ from: 0, to: 100 }, whole, 2, 100)).toEqual({ from: 0, to: 200 });
  expect(zoomRange({ from: 250, to: 750 }, whole, 2, 500)).toBeUndefined();
  expect(zoomRange({ from: 10, to: 14 }, whole, 0.01, 12)).toEqual({ from: 10, to: 14 });
  expect(panRange({ from: 250, to: 750 }, whole, 0.25)).toEqual({ from: 375, to: 875 });
  expect(panRange({ from: 700, to: 900 }, whole, 1)).toEqual({ from: 800, to: 1000 });
});

test("the axis of a run in its beginning ends at a round step, and never past the run", () => {
  expect([0, 49, 51, 137, 900, 1001].map((last) => roundEnd(last, 20_000))).toEqual([50, 50, 100, 200, 1000, 2000]);
  expect(roundEnd(300, 300)).toBe(300);
  expect(roundEnd(260, 300)).toBe(300);
  expect(roundEnd(3, 7)).toBe(7);
});

test("exact values are those of the newest kept step by then", () => {
  expect(keptAt([12, 24, 36], 30)).toBe(24);
  expect(keptAt([12, 24, 36], 36)).toBe(36);
  expect(keptAt([12, 24, 36], 11)).toBeUndefined();
});

test("what a recipe changes of the published protocol is listed, the case before the defaults", () => {
  const seed = {
    defaults: {
      network: { width: 128 },
      method: { id: "dm", steps: 20_000 },
      augmentation: { strategy: ["crop", "flip"] },
    },
  } as unknown as Seed;
  const found = {
    ipc: 10,
    net: "convnet-3",
    set: { augmentation: { strategy: ["crop"] } },
  } as unknown as Seed["cases"][number];
  const recipe = {
    ipc: 10,
    network: { width: 16 },
    method: { id: "dm", steps: 20_000 },
    augmentation: { strategy: ["crop"] },
    evaluation: { nets: ["convnet-3"] },
  };
  expect(listProtocolDifferences(recipe, seed, found)).toEqual([{ path: "network.width", ours: 16, paper: 128 }]);
  // What the paper derives from the images per class is its setting, too, though no seed writes it down.
  const matching = { ...recipe, method: { id: "dc", steps: 150, outerLoops: 10, innerLoops: 50 } };
  const derived = listProtocolDifferences(matching, { method: "dc", defaults: {} }, { ...found, set: {} });
  expect(derived).toEqual([{ path: "method.steps", ours: 150, paper: 10_000 }]);
  expect(isSameName("CIFAR-10", "cifar10")).toBe(true);
  expect(isSameName("CIFAR-10", "CIFAR-10, three classes")).toBe(false);
});

test("previews of a thousand classes are read back as they were drawn", () => {
  for (const contents of [
    { classes: 1000, ipc: 10, width: 64, height: 64 },
    { classes: 1000, ipc: 1, width: 28, height: 28 },
    { classes: 3, ipc: 50, width: 96, height: 96 },
  ]) {
    const { rows, columns, width, height } = layPreview(contents);
    const { classes, ipc } = contents;
    expect(sheetOf({ width, height }, classes, ipc)).toEqual({ ...contents, ipc: undefined, rows, columns });
  }
  expect(countClasses(layPreview({ classes: 7, ipc: 3, width: 28, height: 28 }), 3)).toBe(7);
});

const room = { width: 780, height: 600, label: 104, rowGap: 4, columnGap: 24 };

test.each([
  [2, 1],
  [3, 10],
  [10, 1],
  [10, 10],
])("%i classes of %i images are all in sight at the fitting zoom", (classes, ipc) => {
  const sheet = sheetOf(layPreview({ classes, ipc, width: 28, height: 28 }), classes, ipc);
  const zoom = fitZoom(sheet, room);
  const { height, width } = measureTable(sheet, layOut(sheet, room, zoom), room);
  expect(height).toBeLessThanOrEqual(room.height);
  expect(width).toBeLessThanOrEqual(room.width);
});

test("few large images are broken into lines where that makes them much larger", () => {
  const sheet = sheetOf(layPreview({ classes: 3, ipc: 10, width: 32, height: 32 }), 3, 10);
  expect(layOut(sheet, room, fitZoom(sheet, room, 2)).lines).toBeGreaterThan(1);
});

test("one key goes through the zooms and back to the fitting one", () => {
  const zooms: (number | "fit")[] = ["fit"];
  for (let i = 0; i < 4; i++) zooms.push(nextZoom(zooms.at(-1) as number | "fit", 2));
  expect(zooms).toEqual(["fit", 4, 8, 16, "fit"]);
});

test("the log keeps what is worth a line, and forgets what a resume takes back", () => {
  const place = { time: 0, stage: "synthesise", step: 1 } as const;
  const warning = { ...place, seq: 2, type: "warning", code: "w", message: "m", hint: "" } as const;
  const run = applyEvents(emptyRun, [
    { ...place, seq: 0, type: "stage" },
    { ...place, seq: 1, type: "step", metrics: { gradientNorm: 2, loss: 1 } },
    warning,
  ]);
  expect(run.log.map(({ type }) => type)).toEqual(["stage", "warning"]);
  expect(listMetrics(run).map(({ name }) => name)).toEqual(["loss", "gradientNorm"]);
  const resumed = applyEvents(run, [{ ...place, seq: 2, type: "status", status: "running" }]);
  expect(resumed.log.map(({ type }) => type)).toEqual(["stage", "status"]);
});
