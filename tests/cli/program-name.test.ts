// Hints name a command that works where they are read.
import { expect, test } from "vitest";
import { programName } from "../../electron/cli/program-name.ts";

test("a checkout runs by npm, an installation by its name", () => {
  expect(["cli", "demo", "test", undefined].map((script) => programName(script ?? ""))).toEqual([
    "npm run cli --",
    "npm run cli --",
    "stillroom",
    "stillroom",
  ]);
});
