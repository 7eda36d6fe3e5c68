// Every sentence of the window is said somewhere: one that nothing names is left over.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { text } from "../../renderer/text.ts";

/** The paths of all sentences that no source names; a group that is chosen from by a key is named as a whole. */
function listUnused(group: object, path: string, sources: string): string[] {
  return Object.entries(group).flatMap(([key, value]) => {
    const name = `${path}.${key}`;
    const has = (after: string) => new RegExp(`\\b${name.replaceAll(".", "\\.")}${after}`).test(sources);
    const isGroup = typeof value === "object" && !Array.isArray(value);
    if (!isGroup) return has("\\b") ? [] : [name];
    return has("(?![\\w.])") ? [] : listUnused(value, name, sources);
  });
}

test("no sentence is left that nothing says", async () => {
  const folder = join(import.meta.dirname, "../../renderer");
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.tsx?$/.test(name));
  const files = names.filter((name) => name !== "text.ts").map((name) => readFile(join(folder, name), "utf8"));
  const sources = (await Promise.all(files)).join("\n");
  expect(listUnused({ gone: "", runs: text.runs }, "text", sources)).toEqual(["text.gone"]);
  expect(listUnused(text, "text", sources)).toEqual([]);
});
