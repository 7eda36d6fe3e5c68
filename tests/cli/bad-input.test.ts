// Bad datasets and recipes at the command line: one clear message, exit code 1, or listed and skipped.
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drawPixels, drawPng, drawTree, makeZip, snapshotFolder, toPicture, writeTree } from "../tools/make-images.ts";
import { createWorkplace, exists, readRun, set, threeClasses, tiny, type Workplace } from "./run-cli.ts";

let place: Workplace;
let data: string;
beforeAll(async () => {
  place = await createWorkplace();
  data = await place.makeData("animals", threeClasses);
  expect(await place.run("import", data)).toMatchObject({ code: 0 });
}, 60_000);
afterAll(() => place[Symbol.asyncDispose]());

test("sources that cannot be used: each says why, none leaves anything in the store", async () => {
  await place.makeData("one-class", { ant: 4 });
  await writeTree(place.path, { "no-pictures/ant/a.txt": "a", "no-pictures/bee/b.md": "b" });
  await writeTree(place.path, { "all-bad/ant/a.png": "text", "all-bad/bee/b.png": "" });
  await symlink(place.file("loop"), place.file("loop"));
  const whole = await makeZip(await drawTree({ "x/ant": 3, "x/bee": 3 }));
  await writeFile(place.file("cut.zip"), whole.subarray(0, whole.length / 2));
  const before = await snapshotFolder(place.file("home", "datasets"));
  const cases: [string, RegExp][] = [
    ["one-class", /only one class \("ant"\); at least two are needed/],
    ["no-pictures", /holds no pictures/],
    ["all-bad", /ant\/a\.png: .+bee\/b\.png: /],
    ["loop", /loop/],
    ["cut.zip", /cut\.zip/],
    ["missing", /missing does not exist/],
  ];
  await Promise.all(
    cases.map(async ([name, says]) => {
      const { code, stdout, stderr } = await place.run("import", place.file(name), "--json", "--quiet");
      expect({ name, code, stdout }).toEqual({ name, code: 1, stdout: "" });
      expect(stderr).toMatch(/^error: /);
      expect(stderr).toMatch(says);
    }),
  );
  expect(await snapshotFolder(place.file("home", "datasets"))).toEqual(before);
  expect(await readdir(place.file("home", "scratch"))).toEqual([]);
});

test("a run says what its import left out, and when the random sets are smaller than asked for", async () => {
  const root = await place.makeData("scanty", { "train/ant": 3, "train/bee": 2, "test/ant": 2, "test/bee": 2 });
  await writeTree(root, { "train/ant/text.png": "just text" });
  const settings = set("method.steps=1", "init=noise", "evaluation.epochs=1");
  const loud = tiny.filter((word) => word !== "--quiet");
  const out = place.file("scanty-run");
  const { code, stderr } = await place.run(
    "distill",
    "dm",
    "--data",
    root,
    "--ipc",
    "3",
    "--out",
    out,
    ...loud,
    ...settings,
  );
  expect(code).toBe(0);
  expect(stderr).toMatch(/scanty: left out train\/ant\/text\.png \(.+\)\n/);
  expect(stderr).toMatch(/only 2 training images of a class: the sets by random hold fewer than 3/);
  const data = ["--data", root, "--backend", "onnx"];
  const evaluated = await place.run("evaluate", out, ...data, "--nets", "convnet-1,convnet-1", "--trials", "0");
  expect(evaluated).toMatchObject({ code: 1, stdout: "" });
  expect(evaluated.stderr).toMatch(/evaluation\.nets: each may be named once only\n.*evaluation\.trials: /);
});

test("a colour that no picture has is no reason to fail", async () => {
  const names = ["ant", "bee"].flatMap((name) => Array.from({ length: 6 }, (_, index) => `${name}/${index}.png`));
  for (const name of names) {
    const pixels = drawPixels(name, 8, 8, 3).map((value, index) => (index % 3 === 0 ? 0 : value)); // nothing is red
    await writeTree(place.file("green"), { [name]: await toPicture(pixels, 8, 8, 3).png().toBuffer() });
  }
  const out = place.file("green-run");
  const words = ["distill", "dm", "--data", place.file("green"), "--out", out, ...tiny, ...set("method.steps=2")];
  expect(await place.run(...words)).toMatchObject({ code: 0 });
  expect((await readRun(out)).events).toContainEqual(expect.objectContaining({ type: "done" }));
});

test("bad files are listed and stop nothing", async () => {
  const root = await place.makeData("mixed", { ant: 3, bee: 3 });
  const good = await drawPng("cut");
  await writeTree(root, {
    "ant/text.png": "just text",
    "ant/empty.png": "",
    "bee/cut.png": good.subarray(0, good.length / 2),
  });
  await symlink(root, place.file("mixed", "bee", "loop"));
  const { code, stdout } = await place.run("inspect", root, "--json");
  expect(code).toBe(0);
  const { classes, skipped } = JSON.parse(stdout);
  expect(classes.map(({ name }: { name: string }) => name)).toEqual(["ant", "bee"]);
  const listed = skipped.map(({ path }: { path: string }) => path);
  for (const name of ["ant/text.png", "ant/empty.png", "bee/cut.png"]) expect(listed).toContain(name);
});

test("a zip with ../ entries gives what is inside and writes nothing outside", async () => {
  const tree = await drawTree({ "set/ant": 3, "set/bee": 3 });
  const evil = await drawPng("evil");
  await writeFile(
    place.file("evil.zip"),
    await makeZip({ ...tree, "../escaped.png": evil, "set/ant/../../up.png": evil }),
  );
  const { code, stdout } = await place.run("import", place.file("evil.zip"), "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout).skipped.map(({ path }: { path: string }) => path)).toContain("../escaped.png");
  const everything = await readdir(place.path, { recursive: true });
  expect(everything.filter((name) => /escaped|up\.png/.test(name))).toEqual([]);
});

test("names with spaces, quotes, emoji and markup are trained and exported", async () => {
  const names = ["a b", 'it\'s "quoted"', "🐈 cat", "日本", "<b>&amp;", "-dash"];
  const root = await place.makeData("odd names 🎨", Object.fromEntries(names.map((name) => [name, 5])));
  const out = place.file("odd out 'x' 🎨");
  const settings = set("method.steps=2", "evaluation.trials=1");
  const done = await place.run("distill", "dm", "--data", root, "--out", out, ...tiny, ...settings, "--json");
  expect(done).toMatchObject({ code: 0, stderr: "" });
  const dir = place.file("odd export 🎨");
  const exported = await place.run("export", out, "--format", "image-folder,npz,safetensors", "--out", dir, "--json");
  expect(exported.code).toBe(0);
  const manifest = JSON.parse(await readFile(place.file("odd export 🎨", "export.json"), "utf8"));
  const pictures = Object.keys(manifest.files).filter((path) => path.endsWith(".png"));
  expect(pictures.length).toBeGreaterThanOrEqual(names.length);
  const classes = JSON.parse((await place.run("inspect", root, "--json")).stdout).classes;
  expect(classes.map(({ name }: { name: string }) => name)).toEqual([...names].sort());
});

test("one image in a class, and ipc above a class's size: an error with the way out, which works", async () => {
  const root = await place.makeData("few", { "train/ant": 1, "train/bee": 6, "test/ant": 2, "test/bee": 2 });
  const out = place.file("few-out");
  const words = ["distill", "dm", "--data", root, "--out", out, ...tiny, "--ipc", "4", ...set("method.steps=2")];
  const refused = await place.run(...words);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(/ipc: 4 images of each class .* but "ant" has 1: use at most 1, or init=noise/);
  expect(await exists(out)).toBe(false);
  const done = await place.run(...words, "--set", "init=noise", "--json");
  const warning = "warning few has only 1 training image of a class: the sets by random hold fewer than 4 of it.\n";
  expect(done).toMatchObject({ code: 0, stderr: warning });
  const [distilled, random] = JSON.parse(done.stdout).evaluation.results;
  expect([distilled.trials.length, random.trials.length]).toEqual([2, 2]);
  expect(
    (await place.run(...words.slice(0, 4), "--out", place.file("few-one"), ...tiny, ...set("method.steps=2"))).code,
  ).toBe(0);
});

test("recipe files: every problem at once, with the file's name", async () => {
  const recipes: [string, string, RegExp[]][] = [
    ["cut.json", '{"ipc": 1', [/cut\.json is not JSON/]],
    ["list.json", "[1, 2]", [/list\.json does not hold a recipe/]],
    [
      "wrong.json",
      JSON.stringify({
        ipc: "two",
        netwrk: {},
        method: { id: "dm", stps: 3, realBatch: 0 },
        evaluation: { nets: ["cnvnet-9"] },
      }),
      [
        /wrong\.json cannot be used/,
        /ipc: .*is not a number/,
        /netwrk: there is no such setting; did you mean network\?/,
        /method\.stps: there is no such setting; did you mean method\.steps\?/,
        /method\.realBatch: /,
        /there is no network "cnvnet-9"/,
      ],
    ],
    ["method.json", '{"method": {"id": "nonesuch"}}', [/method\.id: expected one of dm/]],
    ["proto.json", '{"__proto__": {"ipc": 7}, "method": {"id": "dm"}}', [/__proto__: there is no such setting/]],
  ];
  await Promise.all(
    recipes.map(async ([name, text, says]) => {
      await writeFile(place.file(name), text);
      const { code, stderr } = await place.run("distill", place.file(name), "--data", data);
      expect({ name, code }).toEqual({ name, code: 1 });
      for (const each of says) expect(stderr).toMatch(each);
    }),
  );
  expect(await readdir(place.file("home", "runs"))).not.toContainEqual(expect.stringMatching(/animals/));
});

test("settings and the dataset's misfits are reported together", async () => {
  const changes = set("metod.steps=3", "method.step=3", "network.depth=5", 'evaluation.nets=["convnt-3"]');
  const { code, stderr } = await place.run("distill", "dm", "--data", data, "--ipc", "50", ...changes);
  expect(code).toBe(1);
  for (const each of [
    /did you mean method\?/,
    /did you mean method\.steps\?/,
    /ipc: 50/,
    /network\.depth: 5/,
    /convnt-3/,
  ]) {
    expect(stderr).toMatch(each);
  }
});

test("a dataset without test images is refused before anything is made, and works with --no-evaluate", async () => {
  const root = await place.makeData("untested", { "train/ant": 5, "train/bee": 5, "test/other": 1 });
  const words = [
    "distill",
    "dm",
    "--data",
    root,
    ...tiny,
    ...set("method.steps=2"),
    "--out",
    place.file("untested-out"),
  ];
  const refused = await place.run(...words);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(/has no test images.*\n.*--no-evaluate/);
  expect(await exists(place.file("untested-out"))).toBe(false);
  expect(await place.run(...words, "--no-evaluate")).toMatchObject({ code: 0, stderr: "" });
  expect((await readRun(place.file("untested-out"))).evaluation).toBe("none");
});
