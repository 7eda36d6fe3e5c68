import { expect, test } from "vitest";
import { makeClassFolders } from "../../../electron/host/export/index.ts";

test("class names become folder names that every system takes", () => {
  const cases: [string, string][] = [
    ["Ankle boot", "Ankle boot"],
    ["T-shirt/top", "T-shirt_top"],
    ['a<b>c:"d"|e?f*\\', "a_b_c__d__e_f__"],
    ["tab\tnewline\n", "tab_newline_"],
    ["CON", "CON_"],
    ["nul.txt", "nul_.txt"],
    ["com7", "com7_"],
    ["common", "common"],
    ["dots...", "dots"],
    [".hidden", "hidden"],
    ["..", "class"],
    ["", "class-2"],
    [" space ", "space"],
    ["猫 🐈", "猫 🐈"],
    ["e\u0301te\u0301", "été"],
    ["broken \ud800", "broken \ufffd"],
  ];
  expect(makeClassFolders(cases.map(([name]) => name))).toEqual(cases.map(([, folder]) => folder));
});

test("names that are equal after cleaning, or but for case, stay apart", () => {
  expect(makeClassFolders(["a/b", "a:b", "A_B", "a_b-2", "été", "ÉTÉ"])).toEqual([
    "a_b",
    "a_b-2",
    "A_B-3",
    "a_b-2-2",
    "été",
    "ÉTÉ-2",
  ]);
});

test("long names are cut between characters and stay apart", () => {
  const folders = makeClassFolders([`${"🐈".repeat(60)}a`, `${"🐈".repeat(60)}b`]);
  expect(new Set(folders).size).toBe(2);
  for (const folder of folders) {
    expect(Buffer.byteLength(folder)).toBeLessThan(120);
    expect(folder.isWellFormed()).toBe(true);
  }
});
