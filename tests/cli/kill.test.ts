// Twenty SIGKILLs at random moments of an import and of runs: what follows ends in the same bytes as if nothing had been.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deriveKey, rootKey, uniform } from "../../shared/lib/random.ts";
import {
  createWorkplace,
  exists,
  findHalfWritten,
  listCheckpoints,
  type RunResult,
  readRun,
  type Started,
  set,
  threeClasses,
  tiny,
  type Workplace,
  waitUntil,
} from "./run-cli.ts";

const KILLS_OF_IMPORTS = 4;
const KILLS_OF_RUNS = 16;
/** Random, and the same in each execution. */
const draws = uniform(deriveKey(rootKey(20), "kills"), 2 * (KILLS_OF_IMPORTS + KILLS_OF_RUNS));

let quiet: Workplace;
let place: Workplace;
let data: string;
let undisturbed: RunResult;
const settings = [
  "method.steps=18",
  "record.checkpointEverySteps=3",
  "record.previewEverySteps=5",
  "evaluation.epochs=25",
];
const distill = (out: string) => ["distill", "dm", "--data", data, "--out", out, ...tiny, ...set(...settings)];

beforeAll(async () => {
  quiet = await createWorkplace();
  place = await createWorkplace();
  data = await quiet.makeData("animals", { ...threeClasses, "train/dog": 60 });
  expect(await quiet.run("import", data)).toMatchObject({ code: 0 });
  expect(await quiet.run(...distill(quiet.file("run")))).toMatchObject({ code: 0 });
  undisturbed = await readRun(quiet.file("run"));
}, 60_000);
afterAll(async () => {
  await quiet[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

/** Kills the process a random time after a moment was reached; false when it had ended by itself. */
async function killAfter(started: Started, isReached: () => Promise<boolean>, delay: number): Promise<boolean> {
  await waitUntil(started, isReached);
  await sleep(delay);
  started.child.kill("SIGKILL");
  return (await started.ended).code === "SIGKILL";
}

async function readChunks(workplace: Workplace): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const root = join(workplace.home, "datasets");
  for (const name of await readdir(root, { recursive: true })) {
    if (!/\.\w+$/.test(name) || name.endsWith("manifest.json")) continue;
    files[name] = (await readFile(join(root, name))).toString("base64");
  }
  return files;
}

test("killed imports", async () => {
  const scratch = join(place.home, "scratch");
  const isWorking = () =>
    readdir(scratch).then(
      (names) => names.length > 0,
      () => false,
    );
  for (let kill = 0; kill < KILLS_OF_IMPORTS; kill++) {
    // Sooner, when the import was done before.
    for (let delay = 150 * draws[kill]; !(await killAfter(place.start("import", data), isWorking, delay)); delay /= 2);
  }
  expect(await place.run("import", data)).toMatchObject({ code: 0 });
  expect(await readChunks(place)).toEqual(await readChunks(quiet));
  expect(await readdir(scratch)).toEqual([]);
  expect(await findHalfWritten(place.home)).toEqual([]);
});

test("killed runs", async () => {
  let [kills, runs] = [0, 0];
  const seen = { start: 0, steps: 0, evaluation: 0 };
  while (kills < KILLS_OF_RUNS) {
    const out = place.file(`run-${runs++}`);
    let isDone = false;
    let isFirst = true;
    while (!isDone && kills < KILLS_OF_RUNS) {
      const isBegun = await exists(join(out, "run.json"));
      const started = isBegun ? place.start("resume", out, "--quiet") : place.start(...distill(out));
      const [which, delay] = [draws[2 * (KILLS_OF_IMPORTS + kills)], draws[2 * (KILLS_OF_IMPORTS + kills) + 1]];
      const before = String(await listCheckpoints(out));
      const isMoving = async () => String(await listCheckpoints(out)) !== before;
      const isLocked = () =>
        readdir(join(out, "lock")).then(
          (names) => names.length > 0,
          () => false,
        );
      const isMade = () => exists(join(out, "lock")); // run.json comes after it
      const isReached = isFirst ? isMade : which < 0.2 ? isLocked : isMoving;
      const isKilled = await killAfter(started, isReached, (isFirst ? 40 : 180) * delay);
      isFirst = false;
      isDone = !isKilled;
      if (isKilled) kills++;
      const checkpoints = await listCheckpoints(out);
      const stage = checkpoints.some((name) => name.startsWith("evaluate")) ? "evaluation" : "steps";
      if (isKilled) seen[checkpoints.length === 0 ? "start" : stage]++;
    }
    if (!isDone) {
      const isBegun = await exists(join(out, "run.json"));
      expect(await place.run(...(isBegun ? ["resume", out, "--quiet"] : distill(out)))).toMatchObject({
        code: 0,
        stderr: "",
      });
    }
    const result = await readRun(out);
    expect(result.distilled).toBe(undisturbed.distilled);
    expect(result.evaluation).toBe(undisturbed.evaluation);
    expect(result.events).toEqual(undisturbed.events);
    expect(JSON.parse(await readFile(join(out, "run.json"), "utf8"))).toMatchObject({ status: "done" });
    expect(await findHalfWritten(out)).toEqual([]);
    expect(await exists(join(out, "lock"))).toBe(false);
  }
  // The moments did spread over the life of a run.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
  const { stdout } = await place.run("runs", "--json");
  const list = JSON.parse(stdout);
  expect(list.broken).toEqual([]);
  expect(list.runs).toHaveLength(runs);
}, 240_000);
