// Where the window opens: on displays that come and go, and from files that are damaged.
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { placeWindow, readWindowState, type WindowState, writeWindowState } from "../../electron/state.ts";
import { createTemporaryFolder } from "../tools/make-images.ts";

const main = { x: 0, y: 25, width: 1920, height: 1055 };
const right = { x: 1920, y: 0, width: 1280, height: 1024 };
const at = (x: number, y: number, width = 1000, height = 700): WindowState => ({
  bounds: { x, y, width, height },
  isMaximised: false,
});

test.each([
  ["as it stood", at(100, 100), { x: 100, y: 100, width: 1000, height: 700 }],
  ["on the second display", at(2000, 10), { x: 2000, y: 10, width: 1000, height: 700 }],
  ["half outside, but still to be dragged", at(-700, 300), { x: -700, y: 300, width: 1000, height: 700 }],
  ["left of everything", at(-950, 300), { x: 460, y: 202, width: 1000, height: 700 }],
  ["with its title bar under the menu bar", at(100, 0), { x: 460, y: 202, width: 1000, height: 700 }],
  ["below everything", at(100, 1070), { x: 460, y: 202, width: 1000, height: 700 }],
  ["larger than its display", at(1930, 10, 4000, 3000), { x: 1930, y: 10, width: 1280, height: 1024 }],
  ["smaller than it may be", at(100, 100, 300, 200), { x: 100, y: 100, width: 880, height: 560 }],
  ["too small to be dragged", at(100, 100, 10, 10), { x: 520, y: 272, width: 880, height: 560 }],
])("a window %s", (_name, state, place) => {
  expect(placeWindow(state, [main, right])).toEqual(place);
});

test("the first start is in the middle, and within a small display", () => {
  expect(placeWindow(undefined, [main])).toEqual({ x: 240, y: 102, width: 1440, height: 900 });
  expect(placeWindow(undefined, [{ x: 0, y: 0, width: 800, height: 500 }])).toEqual({
    x: 0,
    y: 0,
    width: 800,
    height: 500,
  });
});

test("a state is read as it was written; a damaged one is none", async () => {
  await using folder = await createTemporaryFolder();
  const path = join(folder.path, "window.json");
  expect(await readWindowState(path)).toBeUndefined();
  await writeWindowState(path, { ...at(1, 2), isMaximised: true });
  expect(await readWindowState(path)).toEqual({ ...at(1, 2), isMaximised: true });
  expect(await readdir(folder.path)).toEqual(["window.json"]);
  for (const text of ["", "{", "[]", '{"bounds":{"x":0,"y":0,"width":-5,"height":1e9},"isMaximised":false}']) {
    await writeFile(path, text);
    expect(await readWindowState(path), text).toBeUndefined();
  }
});
