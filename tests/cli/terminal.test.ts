// Progress: bars that are redrawn on a terminal, plain lines elsewhere, neither with --quiet.
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkplace, set, startOnTerminal, threeClasses, tiny, type Workplace } from "./run-cli.ts";

const canMakeTerminals = spawnSync("script", ["--version"]).status === 0;

const escapeCode = "\u001b";

let place: Workplace;
let words: string[];
beforeAll(async () => {
  place = await createWorkplace();
  const data = await place.makeData("animals", threeClasses);
  const loud = tiny.filter((word) => word !== "--quiet");
  words = ["distill", "dm", "--data", data, ...loud, ...set("method.steps=60", "evaluation.trials=1")];
});
afterAll(() => place[Symbol.asyncDispose]());

test("elsewhere: one plain line at the end of each stage", async () => {
  const { code, stderr } = await place.run(...words);
  expect(code).toBe(0);
  for (const each of ["\r", escapeCode, "━"]) expect(stderr).not.toContain(each);
  const stages = stderr.split("\n").filter((line) => /^(scan|import|synthesise|evaluate) /.test(line));
  expect(stages).toHaveLength(4);
  expect(stages[2]).toMatch(/^synthesise {2}60 of 60 steps {2}\S+ step\/s {2}0 s left {2}loss \d/);
});

test.skipIf(!canMakeTerminals)("on a terminal: a bar with speed and time left (needs the command script)", async () => {
  const { code, stdout } = await startOnTerminal(place, ...words).ended;
  expect(code).toBe(0);
  const bars = stdout.split("\r").filter((line) => line.includes("synthesise") && line.includes("━"));
  expect(bars.length).toBeGreaterThan(3);
  expect(bars.some((line) => /[1-5]?\d of 60 steps .*step\/s.*\d+ s left/.test(line))).toBe(true);
  // The result follows a line that was cleared.
  const [last] = stdout.split(`${escapeCode}[2K`).slice(-1);
  expect(last).toMatch(/^animals-dm-ipc-1-\S+ {2}done/);
});
