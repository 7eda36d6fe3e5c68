// Damaged, missing and busy things around a run: a clear message, and nothing lost that was there.
import { cp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createWorkplace,
  exists,
  findHalfWritten,
  listCheckpoints,
  type RunResult,
  readRun,
  set,
  startLimited,
  threeClasses,
  tiny,
  type Workplace,
  waitUntil,
} from "./run-cli.ts";

let place: Workplace;
let data: string;
let undisturbed: RunResult;
const settings = set("method.steps=12", "record.checkpointEverySteps=4", "evaluation.trials=1");
const distill = (...rest: string[]) => ["distill", "dm", "--data", data, ...tiny, ...settings, ...rest];

beforeAll(async () => {
  place = await createWorkplace();
  data = await place.makeData("animals", threeClasses);
  expect(await place.run(...distill("--out", place.file("whole")))).toMatchObject({ code: 0 });
  undisturbed = await readRun(place.file("whole"));
  // A run as a kill leaves it: checkpoints 4, 8 and 12, no results yet.
  const longer = set("evaluation.epochs=5000");
  const started = place.start(...distill(...longer, "--out", place.file("killed")));
  await waitUntil(started, () => exists(place.file("killed", "checkpoints", "000012.safetensors")));
  started.child.kill("SIGKILL");
  await started.ended;
  const path = place.file("killed", "run.json");
  const record = JSON.parse(await readFile(path, "utf8"));
  await writeFile(
    path,
    JSON.stringify({ ...record, recipe: { ...record.recipe, evaluation: { ...record.recipe.evaluation, epochs: 3 } } }),
  );
}, 60_000);
afterAll(() => place[Symbol.asyncDispose]());

/** A copy of the killed run, with an id of its own. */
async function copyKilled(name: string): Promise<string> {
  await cp(place.file("killed"), place.file(name), { recursive: true, preserveTimestamps: true });
  const path = place.file(name, "run.json");
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), id: name }));
  return place.file(name);
}

test("the newest checkpoint damaged: the one before it is used", async () => {
  const run = await copyKilled("newest");
  await truncate(`${run}/checkpoints/000012.safetensors`, 200);
  const { code, stderr } = await place.run("resume", run, "--quiet");
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^warning checkpoints\/000012\.safetensors cannot be read: .* The run goes on from checkpoints\/000008\.safetensors\.\n$/,
  );
  expect(await readRun(run)).toEqual(undisturbed);
});

test("all checkpoints damaged, each in its own way: the run begins again and says so", async () => {
  const run = await copyKilled("all");
  await truncate(`${run}/checkpoints/000012.safetensors`, 0);
  await writeFile(`${run}/checkpoints/000008.safetensors`, "nonsense, and more of it than a header needs");
  await cp(`${run}/distilled.safetensors`, `${run}/checkpoints/000004.safetensors`).catch(() =>
    truncate(`${run}/checkpoints/000004.safetensors`, 9),
  );
  await rm(`${run}/checkpoints/000000.safetensors`, { force: true });
  const { code, stderr } = await place.run("resume", run, "--quiet");
  expect(code).toBe(0);
  for (const step of ["000012", "000008", "000004"])
    expect(stderr).toContain(`checkpoints/${step}.safetensors cannot be read`);
  expect(stderr).toContain("the run begins again from its first step");
  expect(await readRun(run)).toEqual(undisturbed);
});

test("a checkpoint of another experiment is not used", async () => {
  const run = await copyKilled("foreign");
  const other = place.file("other");
  expect((await place.run(...distill("--ipc", "2", "--out", other, "--no-evaluate"))).code).toBe(0);
  await cp(`${other}/checkpoints/000012.safetensors`, `${run}/checkpoints/000012.safetensors`);
  const { code, stderr } = await place.run("resume", run, "--quiet");
  expect(code).toBe(0);
  expect(stderr).toMatch(/000012\.safetensors is of another experiment: its images are not 3 of 1 x 8 x 8/);
  expect(await readRun(run)).toEqual(undisturbed);
});

test("lost events: an earlier checkpoint where one fits, else an error that loses no work", async () => {
  const run = await copyKilled("events");
  const path = `${run}/events.ndjson`;
  const lines = (await readFile(path, "utf8")).split("\n");
  await writeFile(path, "");
  const refused = await place.run("resume", run);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("events.ndjson holds 0 events") });
  expect(await listCheckpoints(run)).toContain("000012.safetensors");
  const isEighth = (line: string) => line.includes('"checkpoint"') && line.includes('"step":8');
  await writeFile(path, `${lines.slice(0, lines.findIndex(isEighth) + 1).join("\n")}\n{"type":"st`);
  const resumed = await place.run("resume", run, "--quiet");
  expect(resumed).toMatchObject({ code: 0, stderr: expect.stringContaining("goes on from checkpoints/000008") });
  expect(await readRun(run)).toEqual(undisturbed);
});

test.each([
  { title: "cut", text: '{"version": 1, "id', says: /run\.json is not JSON/ },
  {
    title: "without fields",
    text: '{"version": 1, "id": 3}',
    says: /run\.json is not as it should be: .*id: .*; name: .*dataset: /,
  },
])("run.json $title", async ({ title, text, says }) => {
  const run = await copyKilled(`record-${title.replace(" ", "-")}`);
  await writeFile(`${run}/run.json`, text);
  for (const command of ["resume", "show"]) {
    const { code, stderr } = await place.run(command, run);
    expect({ command, code }).toEqual({ command, code: 1 });
    expect(stderr).toMatch(says);
  }
  expect(await readFile(`${run}/run.json`, "utf8")).toBe(text);
});

test("a recipe in run.json that cannot be used names its fields", async () => {
  const run = await copyKilled("recipe");
  const record = JSON.parse(await readFile(`${run}/run.json`, "utf8"));
  await writeFile(`${run}/run.json`, JSON.stringify({ ...record, recipe: { ...record.recipe, ipc: "one", init: 4 } }));
  const { code, stderr } = await place.run("resume", run);
  expect(code).toBe(1);
  expect(stderr).toMatch(/run\.json cannot be used: ipc: .*; init: /);
});

test("a damaged evaluation.json is named", async () => {
  const run = place.file("badly-judged");
  await cp(place.file("whole"), run, { recursive: true });
  for (const [text, says] of [
    ["{", /evaluation\.json is not JSON/],
    ['{"results": 3}', /evaluation\.json .* results: /],
  ] as const) {
    await writeFile(`${run}/evaluation.json`, text);
    expect(await place.run("show", run)).toMatchObject({ code: 1, stderr: expect.stringMatching(says) });
  }
});

test("damaged pixels of a stored dataset are found, and named with the way out", async () => {
  const run = await copyKilled("blurred");
  const { dataset } = JSON.parse(await readFile(`${run}/run.json`, "utf8"));
  const chunk = place.file("home", "datasets", dataset.id, "train-0000.bin");
  const pixels = await readFile(chunk);
  await writeFile(chunk, pixels.with(7, pixels[7] ^ 1));
  const refused = await place.run("resume", run, "--quiet");
  await writeFile(chunk, pixels);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /train-0000\.bin differs from its checksum\.\nDelete the folder .* and import the dataset again/,
  );
  expect(await place.run("resume", run, "--quiet")).toMatchObject({ code: 0, stderr: "" });
  expect(await readRun(run)).toEqual(undisturbed);
});

test("the dataset is gone: the message says how to go on, and that works", async () => {
  const run = await copyKilled("homeless");
  const datasets = place.file("home", "datasets");
  await rename(datasets, place.file("elsewhere"));
  const refused = await place.run("resume", run);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /No dataset "[0-9a-f]{16}" is stored\. Run homeless needs it \(animals\)\.\n.*--data PATH/,
  );
  const wrong = await place.run(
    "resume",
    run,
    "--data",
    await place.makeData("others", { ...threeClasses, "train/ant": 11 }),
  );
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("does not give the pictures") });
  expect(await place.run("resume", run, "--data", data, "--quiet")).toMatchObject({ code: 0, stderr: "" });
  expect(await readRun(run)).toEqual(undisturbed);
});

test("a folder that holds a run, or other things, takes no new run", async () => {
  const again = await place.run(...distill("--out", place.file("whole")));
  expect(again).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/whole holds a run already\.\nResume that run/),
  });
  const taken = await place.run(...distill("--out", data));
  expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining("is not empty") });
  expect(await readRun(place.file("whole"))).toEqual(undisturbed);
  expect((await readdir(data)).sort()).toEqual(["test", "train"]);
});

test("a run that a living process computes is not computed twice, and shown as running; after a kill as interrupted", async () => {
  const busy = place.start(...distill("--out", place.file("busy"), ...set("method.steps=100000")));
  await waitUntil(busy, async () => (await listCheckpoints(place.file("busy"))).length > 0);
  const [refused, shown] = await Promise.all([
    place.run("resume", place.file("busy")),
    place.run("show", place.file("busy")),
  ]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`is being computed by process ${busy.child.pid}`);
  expect(shown.stdout).toMatch(/^animals-\S+ {2}running in synthesise/);
  busy.child.kill("SIGKILL");
  await busy.ended;
  const [after, list] = await Promise.all([place.run("show", place.file("busy")), place.run("runs")]);
  expect(after.stdout).toMatch(/interrupted; it goes on from checkpoint \d{6}/);
  expect(list.stdout).toMatch(/interrupted .*busy$/m);
});

test("a disk that takes no more: a clear message, earlier work kept, and resume goes on", async () => {
  const run = await copyKilled("full");
  await rm(`${run}/checkpoints/000012.safetensors`);
  const checkpoints = await listCheckpoints(run);
  // Two blocks of 512 bytes: run.json and the events are larger.
  const { code, stdout, stderr } = await startLimited(place, "ulimit -f 2", "resume", run, "--quiet").ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^error: .*full\/.* cannot be written: .*\n.+\n$/);
  expect(await listCheckpoints(run)).toEqual(checkpoints);
  expect(await findHalfWritten(run)).toEqual([]);
  expect(await place.run("resume", run, "--quiet")).toMatchObject({ code: 0, stderr: "" });
  expect(await readRun(run)).toEqual(undisturbed);
});

test("a checkpoint that the disk does not take fails the run, which says why and goes on later", async () => {
  const out = place.file("too-large");
  // Nine images of 8 x 8 and their velocities are 4.6 kB, all else is smaller.
  const words = distill("--ipc", "9", "--out", out, "--no-evaluate", ...set("method.steps=2"));
  const { code, stderr } = await startLimited(place, "ulimit -f 8", ...words).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: .*checkpoints\/000000\.safetensors cannot be written: .*\n.+\n$/);
  expect(await findHalfWritten(out)).toEqual([]);
  const shown = JSON.parse((await place.run("show", out, "--json")).stdout);
  expect(shown).toMatchObject({ status: "failed", error: { code: "no-space" } });
  expect(await place.run("resume", out, "--quiet")).toMatchObject({ code: 0, stderr: "" });
});

test("an import that the disk does not take stores nothing", async () => {
  const large = await place.makeData("large", { ant: 40, bee: 40 }, 32);
  const before = await readdir(place.file("home", "datasets"));
  const { code, stderr } = await startLimited(place, "ulimit -f 20", "import", large, "--quiet").ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: .* cannot be written: it would be too large here/);
  expect(await readdir(place.file("home", "datasets"))).toEqual(before);
  expect(await readdir(place.file("home", "scratch"))).toEqual([]);
});
