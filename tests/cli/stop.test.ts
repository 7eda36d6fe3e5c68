// Ctrl-C stops within a step and resume completes to the same bytes as an undisturbed run.
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createWorkplace,
  exists,
  listCheckpoints,
  type RunResult,
  readRun,
  set,
  threeClasses,
  tiny,
  type Workplace,
  waitUntil,
} from "./run-cli.ts";

let place: Workplace;
let words: string[];
let undisturbed: RunResult;
beforeAll(async () => {
  place = await createWorkplace();
  const data = await place.makeData("animals", threeClasses);
  // Checkpoints are rare, so that a stop falls between two of them.
  const settings = [
    "method.steps=80",
    "record.checkpointEverySteps=15",
    "record.previewEverySteps=4",
    "evaluation.epochs=40",
  ];
  words = ["distill", "dm", "--data", data, ...tiny, ...set(...settings)];
  const { code } = await place.run(...words, "--out", place.file("whole"));
  expect(code).toBe(0);
  undisturbed = await readRun(place.file("whole"));
}, 60_000);
afterAll(() => place[Symbol.asyncDispose]());

const moments = [
  { stage: "synthesise", isReached: (out: string) => exists(place.file(out, "previews", "000008.png")) },
  { stage: "evaluate", isReached: (out: string) => exists(place.file(out, "distilled.safetensors")) },
];

test.each(moments)("a stop in $stage", async ({ stage, isReached }) => {
  const started = place.start(...words, "--out", place.file(stage));
  await waitUntil(started, () => isReached(stage));
  started.child.kill("SIGINT");
  const stopped = await started.ended;
  expect(stopped).toMatchObject({ code: 1, stdout: "" });
  expect(stopped.stderr).toMatch(
    new RegExp(
      `^error: Stopped in ${stage} at step \\d+; (nothing is lost|the network in training begins again)\\.\n.* resume `,
    ),
  );
  const [step] = /step \d+/.exec(stopped.stderr) ?? [];
  const record = JSON.parse(await readFile(place.file(stage, "run.json"), "utf8"));
  expect(record).toMatchObject({ status: "stopped", stage });
  expect(`step ${record.step}`).toBe(step);
  // It stopped near where it was told to.
  if (stage === "synthesise") expect(record.step).toBeLessThan(70);

  const resumed = await place.run("resume", record.id, "--json", "--quiet");
  expect(resumed).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(resumed.stdout)).toMatchObject({
    status: "done",
    backend: "onnx",
    sessions: [{}, { from: { stage } }],
  });
  expect(await readRun(place.file(stage))).toEqual(undisturbed);
  expect(await listCheckpoints(place.file(stage))).toEqual(await listCheckpoints(place.file("whole")));
});

test("a stop in the import stores nothing", async () => {
  const data = await place.makeData("many", { a: 400, b: 400 });
  const started = place.start("import", data);
  const scratch = place.file("home", "scratch");
  await waitUntil(started, async () => readdir(scratch).then((names) => names.length > 0));
  started.child.kill("SIGINT");
  expect(await started.ended).toMatchObject({ code: 1, stderr: expect.stringContaining("nothing was stored") });
  expect(await readdir(scratch)).toEqual([]);
  expect(await readdir(place.file("home", "datasets"))).toHaveLength(1);
});
