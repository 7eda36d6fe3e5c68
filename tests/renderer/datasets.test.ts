// A dataset's page: the long grid's geometry, what was left out by reason, and the choices of an import.
import { expect, test } from "vitest";
import { locateImage } from "../../renderer/stores/dataset.ts";
import { placeInSquare } from "../../renderer/stores/fit.ts";
import { isSizeRight, measureChoice, suggestChoice, toOptions } from "../../renderer/stores/import-choice.ts";
import { createLazyCache } from "../../renderer/stores/lazy-cache.ts";
import {
  type GridMove,
  layOutGrid,
  movePicture,
  pictureAtPoint,
  placeOfPicture,
  rowsInSight,
} from "../../renderer/stores/picture-grid.ts";
import { groupProblems, toTable } from "../../renderer/stores/problems.ts";
import { toRgba } from "../../renderer/stores/to-rgba.ts";
import type { Survey } from "../../shared/api/datasets.ts";

// Ten columns of pitch 58.
const shape = { width: 578, side: 56, gap: 2, heading: 28 };

test("classes follow each other, each with its heading and whole rows", () => {
  const layout = layOutGrid([25, 0, 5], shape);
  expect(layout).toMatchObject({ columns: 10, pitch: 58, total: 30, height: 28 + 3 * 58 + 28 + 58 });
  expect(layout.sections).toEqual([
    { classIndex: 0, from: 0, count: 25, top: 0, rows: 3 },
    { classIndex: 2, from: 25, count: 5, top: 28 + 174, rows: 1 },
  ]);
  expect(layOutGrid([25, 0, 5], shape, 2).sections).toEqual([{ classIndex: 2, from: 25, count: 5, top: 0, rows: 1 }]);
  expect(layOutGrid([25, 0, 5], shape, 1)).toMatchObject({ total: 0, height: 0 });
});

test("of sixty thousand pictures only those in sight are drawn", () => {
  const layout = layOutGrid(Array(10).fill(6000), shape);
  const pictures = (scrollTop: number) =>
    rowsInSight(layout, scrollTop, 600).reduce((sum, row) => sum + (row.from === undefined ? 0 : row.count), 0);
  for (const scrollTop of [0, 17_000, layout.height / 2, layout.height - 600]) {
    expect(pictures(scrollTop)).toBeGreaterThan(90);
    expect(pictures(scrollTop)).toBeLessThan(190);
  }
  // Every picture is drawn somewhere on the way down, once.
  const seen = new Set<number>();
  for (let y = 0; y < layout.height; y += 300) {
    for (const { from, count } of rowsInSight(layout, y, 300, 0)) {
      if (from !== undefined) for (let i = 0; i < count; i++) seen.add(from + i);
    }
  }
  expect(seen.size).toBe(60_000);
});

test("a heading is drawn as long as a part of it is in sight", () => {
  const layout = layOutGrid([20, 20], shape);
  const headings = (y: number) =>
    rowsInSight(layout, y, 50, 0)
      .filter(({ from }) => from === undefined)
      .map(({ classIndex }) => classIndex);
  expect(headings(0)).toEqual([0]);
  expect(headings(28)).toEqual([]);
  expect(headings(28 + 2 * 58)).toEqual([1]);
});

test("arrows go from picture to picture, over the borders of classes", () => {
  const layout = layOutGrid([25, 0, 5], shape);
  const go = (from: number, move: GridMove) => movePicture(layout, from, move, 2);
  expect(["left", "up", "first"].map((move) => go(0, move as GridMove))).toEqual([0, 0, 0]);
  expect([go(3, "right"), go(24, "right"), go(25, "left"), go(29, "right")]).toEqual([4, 25, 24, 29]);
  expect([go(13, "down"), go(18, "down"), go(23, "down"), go(27, "up"), go(13, "up")]).toEqual([23, 24, 28, 22, 3]);
  expect([go(0, "pageDown"), go(25, "pageUp"), go(3, "last"), go(29, "first")]).toEqual([20, 10, 29, 0]);
  expect(placeOfPicture(layout, 27)).toEqual({ top: 230, section: 1, column: 2, row: 0 });
  expect(placeOfPicture(layout, 30)).toBeUndefined();
});

test("the pointer finds its picture, and none in gaps and on headings", () => {
  const layout = layOutGrid([25, 0, 5], shape);
  const at = (x: number, y: number) => pictureAtPoint(layout, x, y, shape.side);
  expect([at(0, 28), at(58 * 9 + 55, 28), at(0, 28 + 58), at(58 * 4, 28 + 116)]).toEqual([0, 9, 10, 24]);
  expect([at(5, 27), at(57, 30), at(580, 30), at(58 * 5, 28 + 116), at(-1, 30), at(5, 9999)]).toEqual(
    Array(6).fill(undefined),
  );
  expect(at(3, 28 + 174 + 28)).toBe(25);
});

test("sheets are loaded a few at once when they are looked for, and the oldest go", async () => {
  const asked: string[] = [];
  const dropped: string[] = [];
  let loaded = 0;
  const cache = createLazyCache({
    load: async (key) => {
      asked.push(key);
      if (key === "lost") throw new Error("not there");
      return key.toUpperCase();
    },
    onLoaded: () => void loaded++,
    onDropped: (value) => void dropped.push(value),
    kept: 2,
    atOnce: 2,
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  expect(["a", "a", "lost", "b"].map(cache.get)).toEqual(Array(4).fill(undefined));
  expect(asked).toEqual(["a", "lost"]);
  await settle();
  expect(loaded).toBe(2);
  expect(["a", "lost", "b", "c"].map(cache.get)).toEqual(["A", undefined, undefined, undefined]);
  await settle();
  expect(asked).toEqual(["a", "lost", "b", "c"]);
  expect(dropped).toEqual(["A"]);
  cache.dispose();
  expect(dropped).toEqual(["A", "B", "C"]);
});

test("a picture's class and place follow from its index", () => {
  const classes = [
    { name: "a", train: 3, test: 0 },
    { name: "b", train: 2, test: 4 },
  ];
  expect(locateImage({ classes }, "train", 3)).toEqual({ classIndex: 1, className: "b", place: 0, of: 2 });
  expect(locateImage({ classes }, "test", 0)).toEqual({ classIndex: 1, className: "b", place: 0, of: 4 });
});

test("what was left out is grouped by what its reasons have in common", () => {
  const problems = [
    { path: "a/1.png", reason: "huge (20000 x 9000); scale it down" },
    { path: "a/2.png", reason: "empty (zero bytes)" },
    { path: "b/3.png", reason: "huge (16384 x 9000); scale it down" },
    { path: "b/4.png", reason: "damaged: bad CRC" },
    { path: "b/5.png", reason: "damaged: cut off" },
    { path: "b/6.png", reason: "damaged: cut off" },
    { path: "b/7.png", reason: "the same picture as a/9.png, in another class" },
  ];
  expect(groupProblems(problems).map(({ reason, problems: list }) => [reason, list.length])).toEqual([
    ["damaged", 3],
    ["huge; scale it down", 2],
    ["empty (zero bytes)", 1],
    ["the same picture as another, in another class", 1],
  ]);
  expect(groupProblems(problems, "B/ HUGE").flatMap((group) => group.problems)).toEqual([problems[2]]);
  expect(groupProblems(problems, "nowhere")).toEqual([]);
  expect(toTable(problems.slice(0, 2))).toBe(
    "a/1.png\thuge (20000 x 9000); scale it down\na/2.png\tempty (zero bytes)",
  );
});

const survey: Survey = {
  name: "pets",
  format: "image-folder",
  classes: [
    { name: "cat", train: 60, test: 10 },
    { name: "dog", train: 20, test: 10 },
  ],
  split: "folders",
  sides: { smallest: 20, median: 70, largest: 900 },
  suggested: { size: { value: 64, note: "" }, colour: { value: "colour", note: "" } },
  notes: [],
  skipped: [],
  warnings: [],
  samples: [],
  freeBytes: 70e6,
};

test("only what differs from the suggestion is chosen", () => {
  const choice = suggestChoice(survey);
  expect(toOptions(choice, survey)).toEqual({ fit: "crop" });
  expect(toOptions({ name: " Pets ", size: 32, fit: "pad", colour: "grey" }, survey)).toEqual({
    name: "Pets",
    size: 32,
    fit: "pad",
    colour: "grey",
  });
  expect(toOptions({ ...choice, name: "  " }, survey)).toEqual({ fit: "crop" });
});

test("a choice that the disk cannot hold is told before the import", () => {
  const choice = suggestChoice(survey);
  expect(measureChoice(choice, survey)).toEqual({ bytes: 2 * 100 * 3 * 64 * 64, isEnough: true });
  expect(measureChoice({ ...choice, size: 256 }, survey).isEnough).toBe(false);
  expect(measureChoice({ ...choice, size: 64, colour: "grey" }, survey).bytes).toBe(2 * 100 * 64 * 64);
  expect([1, 1024, 0, 1025, ""].map((size) => isSizeRight({ ...choice, size: size as number | "" }))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("a sample is made square as the import does it", () => {
  expect(placeInSquare("crop", 60, 40, 20)).toEqual({ from: [10, 0, 40, 40], to: [0, 0, 20, 20] });
  expect(placeInSquare("pad", 60, 30, 20)).toEqual({ from: [0, 0, 60, 30], to: [0, 5, 20, 10] });
  expect(placeInSquare("stretch", 60, 40, 20)).toEqual({ from: [0, 0, 60, 40], to: [0, 0, 20, 20] });
});

test("stored planes become a canvas's pixels", () => {
  expect([...toRgba(Uint8Array.of(1, 2, 3, 4, 5, 6), { width: 2, height: 1, channels: 3 })]).toEqual([
    1, 3, 5, 255, 2, 4, 6, 255,
  ]);
  expect([...toRgba(Uint8Array.of(7, 8), { width: 1, height: 2, channels: 1 })]).toEqual([7, 7, 7, 255, 8, 8, 8, 255]);
});
