// reproduce: the paper's accuracy, ours, their difference, and what was done otherwise; chosen baselines and earlier sets from the command line.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkplace, exists, set, threeClasses, tiny, type Workplace } from "./run-cli.ts";

let place: Workplace;
let data: string;
beforeAll(async () => {
  place = await createWorkplace();
  data = await place.makeData("animals", threeClasses);
}, 60_000);
afterAll(() => place[Symbol.asyncDispose]());

test("reproduce prints paper, ours and difference, says what the small variant is, and does not run twice", async () => {
  const words = ["reproduce", "2023-dm-zhao", "--case", "mnist-ipc1", "--data", data, "--variant", "small"];
  const out = ["--out", place.file("again")];
  const { code, stdout } = await place.run(...words, ...out, "--backend", "onnx", "--quiet", "--json");
  expect(code).toBe(0);
  const result = JSON.parse(stdout);
  const { paper, ours, difference, settings, remarks } = result;
  expect(result).toMatchObject({ seed: "2023-dm-zhao", case: "mnist-ipc1", variant: "small", dataset: "animals" });
  expect(paper).toMatchObject({ mean: 0.897, std: 0.006 });
  expect(ours.trials).toHaveLength(3);
  expect(difference).toBeCloseTo(ours.mean - 0.897, 12);
  expect(settings).toContainEqual({ path: "method.steps", paper: 20_000, ours: 500 });
  expect(settings).toContainEqual({ path: "evaluation.trials", paper: 5, ours: 3 });
  expect(remarks).toEqual([expect.stringContaining("small variant"), "The paper's dataset is MNIST; this is animals."]);

  const before = await readFile(place.file("again", "events.ndjson"));
  const text = await place.run(...words, ...out);
  expect(text.code).toBe(0);
  expect(text.stdout).toMatch(/^paper +89\.70 ± 0\.60 %/m);
  expect(text.stdout).toMatch(/^difference +[+-]\d+\.\d\d points$/m);
  expect(text.stdout).toMatch(/^ {2}method\.steps: 20000 in the paper, 500 here$/m);
  expect(await readFile(place.file("again", "events.ndjson"))).toEqual(before);

  const other = await place.run(...words, ...out, "--seed", "3");
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("another recipe") });
  const unknown = await place.run("reproduce", "2023-dm-zhao", "--case", "mnist-ipc2", "--data", data);
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/no case "mnist-ipc2".*mnist-ipc1/s) });
});

test("a set is evaluated beside every baseline with several networks; a run begins with it, and needs it no more", async () => {
  const first = place.file("first");
  const distil = (...words: string[]) => place.run("distill", "dm", "--data", data, ...words, ...tiny);
  expect((await distil("--out", first, "--ipc", "2", "--no-evaluate", ...set("method.steps=2"))).code).toBe(0);

  const evaluate = [...["evaluate", first, "--data", data, "--trials", "1", "--epochs", "1", "--backend", "onnx"]];
  const chosen = ["--nets", "convnet-1,convnet-2-w3", "--baselines", "herding,k-center,k-means,whole"];
  const { code, stdout } = await place.run(...evaluate, ...chosen, "--quiet", "--json");
  expect(code).toBe(0);
  const { results } = JSON.parse(stdout);
  const sets = ["distilled", "herding", "k-center", "k-means", "whole"];
  expect(results.map(({ set: name, net }: { set: string; net: string }) => `${net} ${name}`)).toEqual(
    ["convnet-1", "convnet-2-w3"].flatMap((net) => sets.map((name) => `${net} ${name}`)),
  );

  const second = place.file("second");
  const begun = await distil(
    "--out",
    second,
    "--ipc",
    "2",
    "--init-from",
    first,
    ...set("method.steps=0"),
    "--no-evaluate",
  );
  expect(begun.code).toBe(0);
  const read = (...path: string[]) => readFile(place.file(...path));
  expect(await read("second", "initial.safetensors")).toEqual(await read("first", "distilled.safetensors"));

  const wrong = set("selection.epochs=0");
  const many = await distil("--out", place.file("third"), "--ipc", "3", "--init-from", first, ...wrong);
  expect(many).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/selection\.epochs: .*init: the set has 2 images .*the recipe 3: use ipc 2/s),
  });
  expect(await exists(place.file("third"))).toBe(false);
  const large = await distil("--out", place.file("third"), "--ipc", "13", ...set("init=herding"));
  expect(large).toMatchObject({ code: 1, stderr: expect.stringMatching(/ipc: 13 images .*"ant" has 12/) });
  expect(await exists(place.file("third"))).toBe(false);
});
