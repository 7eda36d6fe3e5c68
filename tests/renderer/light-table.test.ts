// The light table's geometry: whole zooms, classes in columns, and the image under the pointer.
import { expect, test } from "vitest";
import { createCursor, previewAt, shownStep, stepTo } from "../../renderer/stores/cursor.ts";
import {
  fitZoom,
  indexAt,
  layOut,
  placeOf,
  sheetOf,
  sourceOf,
  tableRowsInSight,
} from "../../renderer/stores/light-table.ts";
import { contactIndices, thumbnailAt } from "../../renderer/stores/thumbnails.ts";

const sheet = sheetOf({ width: 10 * 29 + 1, height: 10 * 29 + 1 }, 10, 10);
const room = { width: 800, height: 700, label: 104, rowGap: 6, columnGap: 24 };

test("a preview's size tells what it holds", () => {
  expect(sheet).toEqual({ classes: 10, rows: 10, columns: 10, width: 28, height: 28 });
  // Only 3 of 5 images a class fitted on this one.
  expect(sheetOf({ width: 3 * 9 + 1, height: 2 * 9 + 1 }, 2, 5)).toMatchObject({ columns: 3, width: 8 });
});

test("the fitting zoom shows every class on one line", () => {
  const zoom = fitZoom(sheet, room);
  const layout = layOut(sheet, room, zoom);
  expect(zoom).toBe(2);
  expect(layout).toEqual({ zoom: 2, perLine: 10, lines: 1, rows: 10 });
});

test("a small window shows all classes at once, each on one line, before it enlarges some", () => {
  const low = { ...room, width: 480, height: 420 };
  const zoom = fitZoom(sheet, low);
  expect(layOut(sheet, low, zoom)).toEqual({ zoom: 1, perLine: 10, lines: 1, rows: 10 });
  // Where not even that shows all, they are as large as elsewhere, and the table scrolls.
  expect(fitZoom(sheet, { ...low, height: 200 })).toBe(2);
});

test("few images a class go on in further columns, larger", () => {
  const two = sheetOf({ width: 2 * 29 + 1, height: 10 * 29 + 1 }, 10, 2);
  const zoom = fitZoom(two, room);
  expect(zoom).toBe(4);
  expect(layOut(two, room, zoom).rows).toBe(5);
});

test("many images a class take several lines", () => {
  const many = sheetOf({ width: 50 * 33 + 1, height: 2 * 33 + 1 }, 2, 50);
  const layout = layOut(many, room, 2);
  expect(layout).toMatchObject({ perLine: 10, lines: 5 });
  expect(placeOf(many, layout, 23)).toEqual({ x: 3 * 33, y: 2 * 33 });
});

test("lines of one class are as long as each other", () => {
  expect(layOut(sheet, { ...room, width: 104 + 9 * 29 }, 1)).toMatchObject({ perLine: 5, lines: 2 });
});

test("the pointer finds its image, and none in the gaps", () => {
  const layout = layOut(sheet, room, 2);
  expect(indexAt(sheet, layout, 0, 0)).toBe(0);
  expect(indexAt(sheet, layout, 2 * 29 * 3 + 10, 20)).toBe(3);
  expect(indexAt(sheet, layout, 2 * 28 + 1, 5)).toBeUndefined();
  expect(indexAt(sheet, layout, 2 * 29 * 10 + 4, 5)).toBeUndefined();
  expect(sourceOf(sheet, 2, 3)).toEqual({ x: 1 + 3 * 29, y: 1 + 2 * 29 });
});

const marks = [0, 8, 16].map((step) => ({ seq: step, step, file: `${step}.png` }));

test("the cursor shows what is hovered, then what is chosen, then the newest", () => {
  const cursor = createCursor();
  const shown = () => shownStep(cursor.getState(), 20);
  expect(shown()).toBe(20);
  cursor.getState().pin(8);
  cursor.getState().hover(3);
  expect(shown()).toBe(3);
  cursor.getState().hover(undefined);
  expect(shown()).toBe(8);
  cursor.getState().goLive();
  expect(shown()).toBe(20);
});

test("images are those of the last picture by then, and steps go from picture to picture", () => {
  expect(previewAt(marks, 15)?.step).toBe(8);
  expect(previewAt(marks, 16)?.step).toBe(16);
  expect(previewAt([], 3)).toBeUndefined();
  expect(stepTo(marks, 10, 1)).toBe(16);
  expect(stepTo(marks, 8, -1)).toBe(0);
  expect(stepTo(marks, 0, -1)).toBe(0);
  expect(stepTo(marks, 16, 1)).toBeUndefined();
});

test("a thumbnail is found on its sheet", () => {
  const sheets = [
    { file: "train-0000.png", split: "train", from: 0, images: 100, columns: 10, side: 28 },
    { file: "train-0001.png", split: "train", from: 100, images: 35, columns: 10, side: 28 },
  ] as const;
  expect(thumbnailAt(sheets, "train", 123)).toEqual({
    file: "train-0001.png",
    side: 28,
    columns: 10,
    rows: 4,
    column: 3,
    row: 2,
  });
  expect(thumbnailAt(sheets, "test", 0)).toBeUndefined();
});

test("a contact sheet takes its pictures from all classes", () => {
  expect(contactIndices(Array(10).fill(300), 9)).toEqual([0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400]);
  expect(contactIndices([2, 0, 5], 4)).toEqual([0, 1, 2, 3]);
  expect(contactIndices([1, 1], 9)).toEqual([0, 1]);
  expect(contactIndices([0, 0], 9)).toEqual([]);
});

test("of a long table only the rows in sight are drawn, and some beside them", () => {
  expect(tableRowsInSight(0, 600, 58, 6000, 3)).toEqual({ first: 0, end: 14 });
  expect(tableRowsInSight(58_000, 600, 58, 6000, 3)).toEqual({ first: 997, end: 1014 });
  expect(tableRowsInSight(99_999, 600, 58, 5, 3)).toEqual({ first: 5, end: 5 });
});
