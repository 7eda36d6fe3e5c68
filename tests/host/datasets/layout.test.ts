// Class and split of every picture, from folder names alone.

import { expect, test } from "vitest";
import { arrangeClassFolders } from "../../../electron/host/datasets/class-folders.ts";
import { compareCodePoints } from "../../../electron/host/datasets/code-points.ts";

function arrange(paths: string[], folders: string[] = []) {
  const arranged = arrangeClassFolders(
    paths.map((path) => ({ path, bytes: 9 })),
    folders,
  );
  const images = arranged.images.map(({ split, className, path }) => `${split ?? "-"} ${className} ${path}`);
  return { ...arranged, images };
}

test("class folders, with or without one folder on top, take in the folders inside them", () => {
  expect(arrange(["a/1.png", "b/x/y/2.JPG"]).images).toEqual(["- a a/1.png", "- b b/x/y/2.JPG"]);
  expect(arrange(["top/a/1.png", "top/b/2.png"]).images).toEqual(["- a top/a/1.png", "- b top/b/2.png"]);
  expect(arrange(["a/1.png", "a/2.png"]).images).toEqual(["- a a/1.png", "- a a/2.png"]);
});

test.each([
  ["train", "test"],
  ["Training", "Testing"],
  ["train", "val"],
  ["TRAIN", "validation"],
  ["training", "valid"],
])("%s/ and %s/ are the splits", (train, test) => {
  const expected = [`train a ${train}/a/1.png`, `test a ${test}/a/1.png`];
  expect(arrange([`${train}/a/1.png`, `${test}/a/1.png`]).images).toEqual(expected);
  expect(arrange([`top/${train}/a/1.png`, `top/${test}/a/1.png`]).images).toEqual(
    expected.map((line) => line.replace(/(\S+\/a)/, "top/$1")),
  );
});

test("a validation folder beside a test folder is left out, and said", () => {
  const arranged = arrange(["train/a/1.png", "test/a/2.png", "val/a/3.png"]);
  expect(arranged.images).toEqual(["train a train/a/1.png", "test a test/a/2.png"]);
  expect(arranged.notes).toEqual([expect.stringMatching(/^1 pictures of the validation folder/)]);
});

test("a single split folder is divided like a plain folder", () => {
  expect(arrange(["train/a/1.png", "train/b/2.png"]).images).toEqual(["- a train/a/1.png", "- b train/b/2.png"]);
  expect(arrange(["test/a/1.png", "test/b/2.png"]).images).toEqual(["- a test/a/1.png", "- b test/b/2.png"]);
});

test("train can be a class beside others, but train/ and test/ without class folders are a mistake", () => {
  expect(arrange(["train/1.png", "bus/1.png"]).images).toEqual(["- train train/1.png", "- bus bus/1.png"]);
  expect(() => arrange(["train/1.png", "test/1.png"])).toThrow(
    /train\/ and test\/ hold pictures, but no class folders/,
  );
});

test("what belongs to no class is listed; what systems leave behind is not", () => {
  const arranged = arrange(
    [
      "a/1.png",
      "b/1.png",
      "2.png",
      "a/notes.txt",
      "a/x.bmp",
      "b/x.svg",
      "a/.DS_Store",
      "a/Thumbs.db",
      "__MACOSX/a/._1.png",
    ],
    ["a", "b", "c", "__MACOSX"],
  );
  expect(arranged.images).toHaveLength(2);
  expect(Object.fromEntries(arranged.skipped.map(({ path, reason }) => [path, reason]))).toEqual({
    "2.png": expect.stringMatching(/outside the class folders/),
    "a/notes.txt": expect.stringMatching(/not a picture/),
    "a/x.bmp": expect.stringMatching(/BMP.*convert it to PNG/),
    "b/x.svg": expect.stringMatching(/SVG.*convert it to PNG/),
  });
  expect(arranged.warnings).toEqual([{ path: "c", reason: expect.stringMatching(/without pictures/) }]);
});

test("a name composed and decomposed is one class", () => {
  const arranged = arrange([
    "train/caf\u00e9/1.png",
    "test/cafe\u0301/1.png",
    "train/cafe\u0301/2.png",
    "train/b/1.png",
  ]);
  expect(new Set(arranged.images.map((line) => line.split(" ")[1]))).toEqual(new Set(["caf\u00e9", "b"]));
  expect(arranged.warnings).toEqual([{ path: "train/cafe\u0301", reason: expect.stringMatching(/one class/) }]);
});

test("code-point order is Python's", () => {
  const sorted = ["\u{1f600}", "\uff5e", "b", "a10", "a2", "B", "", "a", "\u00e9"].sort(compareCodePoints);
  expect(sorted).toEqual(["", "B", "a", "a10", "a2", "b", "\u00e9", "\uff5e", "\u{1f600}"]);
});
