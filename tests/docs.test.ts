// What the documents point at is there.
import { readdirSync, readFileSync } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const listTexts = (folder: string) => readdirSync(join(root, folder)).filter((name) => name.endsWith(".md"));
const texts = [...listTexts("."), ...listTexts("docs").map((name) => `docs/${name}`)];

test.each(texts)("links of %s lead to files", async (path) => {
  const text = readFileSync(join(root, path), "utf8");
  const targets = [...text.matchAll(/\]\(([^)\s#]+)/g)].map(([, target]) => target);
  const missing: string[] = [];
  for (const target of targets.filter((each) => !/^[a-z]+:/.test(each))) {
    const isThere = await access(join(root, dirname(path), target)).then(
      () => true,
      () => false,
    );
    if (!isThere) missing.push(target);
  }
  expect(missing).toEqual([]);
});

test("every npm script that the documents name exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  const named = texts.flatMap((path) => [
    ...readFileSync(join(root, path), "utf8").matchAll(/npm run (?:--silent )?([a-z][\w-]*)/g),
  ]);
  expect(named.length).toBeGreaterThan(3);
  for (const [, script] of named) expect(Object.keys(scripts)).toContain(script);
});
