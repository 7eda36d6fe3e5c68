// The main job from the command line: import, inspect, recipes, distill, runs, show, export.
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromSafetensors } from "../../shared/data/distilled-set.ts";
import { createWorkplace, exists, readRun, set, threeClasses, tiny, type Workplace } from "./run-cli.ts";

let place: Workplace;
let data: string;
beforeAll(async () => {
  place = await createWorkplace();
  data = await place.makeData("animals", threeClasses);
  await writeFile(place.file("animals", "train", "ant", "notes.txt"), "not a picture");
}, 60_000);
afterAll(() => place[Symbol.asyncDispose]());

const report = {
  classes: ["ant", "bee", "cat"].map((name) => ({ name, train: 12, test: 4 })),
  size: 8,
  channels: 1,
  mean: [expect.closeTo(0.5, 1)],
  std: [expect.closeTo(0.29, 1)],
  fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
  skipped: [{ path: "train/ant/notes.txt", reason: expect.any(String) }],
  warnings: [],
};

test("inspect tells and stores nothing; import tells the same and its id", async () => {
  const inspected = await place.run("inspect", data, "--json");
  expect(inspected.code).toBe(0);
  expect(JSON.parse(inspected.stdout)).toMatchObject(report);
  expect(Object.keys(JSON.parse(inspected.stdout))).toEqual([...Object.keys(report), "notes"]);
  const imported = await place.run("import", data, "--json");
  const { id, ...rest } = JSON.parse(imported.stdout);
  expect(id).toMatch(/^[0-9a-f]{16}$/);
  expect(rest).toEqual(JSON.parse(inspected.stdout));
  const again = await place.run("import", data);
  expect(again.stdout).toContain(`Stored before as ${id}`);
  expect(again.stdout).toMatch(/^ant +12 +4$/m);
});

test("recipes and recipe show", async () => {
  const [list, text, shown] = await Promise.all([
    place.run("recipes", "--json"),
    place.run("recipes"),
    place.run("recipe", "show", "dm", "--json"),
  ]);
  const seeds = JSON.parse(list.stdout);
  expect(seeds.map(({ id }: { id: string }) => id)).toContain("2023-dm-zhao");
  expect(text.stdout).toContain("2023-dm-zhao");
  expect(JSON.parse(shown.stdout)).toEqual(seeds.find(({ id }: { id: string }) => id === "2023-dm-zhao"));
});

test("distill, runs, show and export", async () => {
  const out = place.file("first");
  const quiet = tiny.filter((word) => word !== "--quiet");
  const distilled = await place.run(
    ...["distill", "dm", "--data", data, "--out", out, "--ipc", "2", "--seed", "5", "--json"],
    ...[...quiet, ...set("method.steps=6")],
  );
  expect(distilled.code).toBe(0);
  const run = JSON.parse(distilled.stdout);
  expect(run).toMatchObject({ path: out, status: "done", backend: "onnx", seed: 5, recipe: { ipc: 2, seed: 5 } });
  expect(run.evaluation.results.map(({ set }: { set: string }) => set)).toEqual(["distilled", "random"]);
  for (const { trials, mean } of run.evaluation.results) {
    expect(trials).toHaveLength(2);
    expect(mean).toBeCloseTo((trials[0] + trials[1]) / 2, 12);
  }

  // The estimate comes before the first step, with time, memory and disk.
  const { stderr } = distilled;
  expect(stderr).toMatch(/estimate: \d+ s \(6 steps of \d+ ms.*evaluation.*\), .* of memory \(measured\), .* on disk/);
  expect(stderr.indexOf("estimate:")).toBeLessThan(stderr.indexOf("synthesise"));

  const written = fromSafetensors(await readFile(place.file("first", "distilled.safetensors")));
  expect(written.shape).toEqual([6, 1, 8, 8]);
  expect(written.classNames).toEqual(["ant", "bee", "cat"]);
  const files = ["run.json", "events.ndjson", "evaluation.json", "previews/000006.png"];
  for (const file of files) expect(await exists(place.file("first", ...file.split("/")))).toBe(true);

  const [runs, shown, text] = await Promise.all([
    place.run("runs", "--json"),
    place.run("show", out, "--json"),
    place.run("show", run.id),
  ]);
  expect(JSON.parse(runs.stdout).runs).toMatchObject([{ path: out, record: { id: run.id, status: "done" } }]);
  expect(JSON.parse(shown.stdout)).toEqual(run);
  expect(text.stdout).toMatch(/^distilled +2 +convnet-1 \(width 4\)/m);

  const exported = await place.run(
    ...["export", run.id, "--format", "image-folder,npz,safetensors", "--out", place.file("export"), "--json"],
  );
  expect(exported.code).toBe(0);
  expect(JSON.parse(exported.stdout).dir).toBe(place.file("export"));
  expect(await exists(place.file("export", "README.md"))).toBe(true);
  const unknown = await place.run("export", run.id, "--format", "pickle,npz,hdf", "--out", place.file("other"));
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("pickle");
  expect(await exists(place.file("other"))).toBe(false);
});

test("a case, the small variant and the user's changes lie on one another; --quiet prints only the result", async () => {
  const out = place.file("layers");
  const { code, stdout, stderr } = await place.run(
    ...[
      "distill",
      "2023-dm-zhao",
      "--data",
      data,
      "--out",
      out,
      "--case",
      "mnist-ipc1",
      "--variant",
      "small",
      "--json",
    ],
    ...[...tiny, ...set("method.steps=2", 'evaluation.nets=["convnet-1", "convnet-2-w3"]')],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { recipe, evaluation } = JSON.parse(stdout);
  expect(recipe).toMatchObject({
    ipc: 1,
    augmentation: { strategy: ["color", "crop", "cutout", "scale", "rotate"] },
    method: { id: "dm", steps: 2, realBatch: 8, imageLearningRate: 1 },
    evaluation: { trials: 2, epochs: 3 },
    network: { width: 4, depth: 1 },
  });
  const nets = evaluation.results.map(({ net, width }: { net: string; width: number }) => `${net} ${width}`);
  expect(nets).toEqual(["convnet-1 4", "convnet-1 4", "convnet-2-w3 3", "convnet-2-w3 3"]);
});

test("a recipe file says only what differs; --no-evaluate leaves the evaluation out, also on resume", async () => {
  const file = place.file("mine.json");
  const written = { ipc: 3, network: { width: 4 }, method: { id: "dm", steps: 3, realBatch: 4 } };
  await writeFile(file, `\uFEFF${JSON.stringify(written)}`);
  const out = place.file("from-file");
  const done = await place.run(
    "distill",
    file,
    "--data",
    data,
    "--out",
    out,
    "--name",
    "first try",
    "--no-evaluate",
    "--quiet",
    "--json",
    "--backend",
    "reference",
  );
  expect(done).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(done.stdout)).toMatchObject({
    name: "first try",
    backend: "reference",
    evaluation: null,
    recipe: { ipc: 3, init: "real", method: { steps: 3, imageMomentum: 0.5 }, evaluation: { epochs: 1000 } },
  });
  const { events, evaluation } = await readRun(out);
  expect(evaluation).toBe("none");
  expect(events.at(-1)).toMatchObject({ type: "done", stage: "synthesise", step: 3 });
  expect(await place.run("resume", out)).toMatchObject({ code: 0, stderr: expect.stringContaining("is done already") });
  // As a kill before the last write leaves it.
  await writeFile(`${out}/run.json`, (await readFile(`${out}/run.json`, "utf8")).replace('"done"', '"running"'));
  const again = await place.run("resume", out, "--quiet", "--json");
  expect(again).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(again.stdout)).toMatchObject({ status: "done", backend: "reference", evaluation: null });
  expect(await readRun(out)).toEqual({ distilled: expect.any(String), evaluation, events });
});

test("a reader that goes away is no failure", async () => {
  const { child, ended } = place.start("recipes", "--json");
  child.stdout?.destroy();
  expect(await ended).toMatchObject({ code: 0, stderr: "" });
});
