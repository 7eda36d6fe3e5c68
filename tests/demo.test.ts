// The demo as a newcomer runs it: what it promises, and that the promise can fail.
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { EvaluationFile } from "../shared/api/runs.ts";
import { createTemporaryFolder } from "./tools/make-images.ts";

const main = new URL("../electron/cli/main.ts", import.meta.url).pathname;
/** A hundred times what a busy machine needs is still an end. */
const TIMEOUT_MS = 20 * 60_000;

interface DemoResult {
  readonly path: string;
  readonly report: string;
  readonly exports: string;
  readonly evaluation: EvaluationFile;
}

async function runDemo(folder: string, ...more: string[]): Promise<DemoResult> {
  const words = [main, "demo", "--json", "--quiet", "--out", join(folder, "run"), ...more];
  const env = { ...process.env, STILLROOM_HOME: join(folder, "home") };
  const { stdout } = await promisify(execFile)(process.execPath, words, { env });
  return JSON.parse(stdout) as DemoResult;
}

function compare({ results }: EvaluationFile) {
  const [distilled, random] = (["distilled", "random"] as const).map((set) => {
    const found = results.find((result) => result.set === set);
    expect(found?.trials.length).toBeGreaterThanOrEqual(5);
    return found as EvaluationFile["results"][number];
  });
  return { difference: distilled.mean - random.mean, spread: Math.max(distilled.std, random.std) };
}

test("the distilled set beats random images by three times the larger spread", { timeout: TIMEOUT_MS }, async () => {
  await using folder = await createTemporaryFolder();
  const { evaluation, report, exports, path } = await runDemo(folder.path);
  const { difference, spread } = compare(evaluation);
  expect(difference).toBeGreaterThanOrEqual(3 * spread);
  expect(evaluation.protocol).toMatchObject({ epochs: 1000, batch: 256 });
  const page = await readFile(report, "utf8");
  expect(page).toContain("data:image/png;base64,");
  expect(page).not.toMatch(/(src|href)="https?:/);
  for (const name of ["README.md", "export.json"]) expect((await stat(join(exports, name))).size).toBeGreaterThan(0);
  expect((await stat(join(path, "distilled.safetensors"))).size).toBeGreaterThan(10 * 28 * 28 * 4);
});

test("the same recipe stopped at step 0 does not", { timeout: TIMEOUT_MS }, async () => {
  await using folder = await createTemporaryFolder();
  const { evaluation } = await runDemo(folder.path, "--set", "method.steps=0");
  const { difference, spread } = compare(evaluation);
  expect(difference).toBeLessThan(3 * spread);
});
