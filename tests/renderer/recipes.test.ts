// Recipes from outside, what a new run begins with, and the paper's figure beside ours, with the host's own resolving.
import { afterAll, beforeAll, expect, test } from "vitest";
import { compareWithPaper, findCaseOf, findOurBest } from "../../renderer/stores/paper-against-ours.ts";
import { parseRecipeText, settingsOf } from "../../renderer/stores/recipe-file.ts";
import { recipeOf, startFrom, startFromCase, startFromOutside } from "../../renderer/stores/start-from.ts";
import seedFile from "../../seeds/2023-dm-zhao.json" with { type: "json" };
import { type RecipeList, resolveRequest } from "../../shared/api/recipes.ts";
import { seedSchema } from "../../shared/recipe/index.ts";
import { createSmallStore, type SmallStore } from "../support/small-store.ts";
import { listedRun } from "./run-records.ts";

const seed = seedSchema.parse(seedFile);
let small: SmallStore;
let list: RecipeList;
beforeAll(async () => {
  small = await createSmallStore();
  list = await small.open().client.recipes.list();
});
afterAll(() => small[Symbol.asyncDispose]());

test("a recipe, a run.json and a seed are all recipes", () => {
  const recipe = { version: 1, ipc: 10, dataset: { size: 32 }, method: { id: "dm", steps: 5 } };
  expect(parseRecipeText(JSON.stringify(recipe))).toMatchObject({ method: "dm", seed: undefined });
  expect(parseRecipeText(JSON.stringify({ id: "run-1", recipe }))).toMatchObject({ settings: recipe });
  expect(parseRecipeText(JSON.stringify(seedFile))).toMatchObject({ method: "dm", seed: seed.id });
  expect(settingsOf(parseRecipeText(JSON.stringify(recipe)))).toEqual({ ipc: 10, "method.steps": 5 });
});

test("what is no recipe is refused with the reason", () => {
  for (const [text, says] of [
    ["{", "not JSON"],
    ["[1]", "no recipe"],
    ['{"ipc": 1}', "no method"],
  ]) {
    expect(() => parseRecipeText(text)).toThrow(says);
  }
});

test("a run made after another begins with the length that leaves the fewest changes", async () => {
  const { client } = small.open();
  const { id } = small.dataset;
  for (const variant of ["small", undefined] as const) {
    const request = { recipe: seed.id, dataset: id, ...(variant && { variant }), changes: { ipc: 2 } };
    const { recipe } = await client.recipes.resolve(resolveRequest.parse(request));
    const start = await startFrom(client, id, seed.id, recipe);
    expect(start).toMatchObject({ recipe: seed.id, variant: variant ?? "paper", changes: { ipc: 2 } });
    expect(Object.keys(start.changes)).toEqual(["ipc"]);
  }
});

test("a recipe from outside keeps what does not fit, so that its field can say so", async () => {
  const { client } = small.open();
  const outside = parseRecipeText(JSON.stringify({ ipc: 1, method: { id: "dm", steps: -4 }, wrong: { one: 1 } }));
  const { changes, recipe } = await startFromOutside(client, small.dataset.id, list, outside);
  expect(recipe).toBe(seed.id);
  expect(changes).toMatchObject({ "method.steps": -4, "wrong.one": 1 });
  const unknown = parseRecipeText(JSON.stringify({ method: { id: "nope" } }));
  await expect(startFromOutside(client, small.dataset.id, list, unknown)).rejects.toMatchObject({
    code: "method-unknown",
  });
  expect(recipeOf(list, "nope")).toBeUndefined();
});

test("a published case is the paper's length with the case's own settings", () => {
  expect(startFromCase(seed, "mnist-ipc10")).toEqual({
    recipe: seed.id,
    variant: "paper",
    changes: { ipc: 10, "augmentation.strategy": ["color", "crop", "cutout", "scale", "rotate"] },
  });
  expect(startFromCase(seed, "cifar10-ipc1")?.changes).toEqual({});
  expect(startFromCase(seed, "nothing")).toBeUndefined();
});

test("of our runs the best of the same method, dataset and ipc stands beside the paper's", () => {
  const [each] = seed.cases.filter(({ name }) => name === "cifar10-ipc10");
  const run = (id: string, name: string, recipe: object) =>
    listedRun(id, { dataset: { id: "d", name, fingerprint: "f" }, recipe });
  const dm = { ipc: 10, method: { id: "dm", steps: 5 }, init: "real" };
  const runs = [
    run("a", "cifar10", dm),
    run("bb", "CIFAR-10 small", dm),
    run("ccc", "cifar10", { ...dm, ipc: 1 }),
    run("dddd", "cifar100", dm),
  ];
  const scored = (mean: number) => [
    { set: "distilled", net: "convnet-3", ipc: 10, trials: [mean], mean, std: 0 } as const,
  ];
  const scores = new Map(runs.map(({ record }, i) => [record.id, scored(0.3 + i / 10)]));
  const best = findOurBest(seed, each, runs, scores);
  expect(best).toMatchObject({ run: { id: "bb" }, ours: { mean: 0.4 } });
  expect(best?.differences).toContainEqual({ path: "dataset", paper: "CIFAR-10", ours: "CIFAR-10 small" });
  expect(best?.differences).toContainEqual({ path: "method.steps", paper: 20000, ours: 5 });
  expect(best?.differences.map(({ path }) => path)).not.toContain("init");
  expect(findOurBest(seed, each, runs, new Map())).toBeUndefined();

  // A run that was ended by hand has made fewer steps than its recipe says.
  const ended = compareWithPaper(seed, each, runs[0].record, [], 3);
  expect(ended.differences).toContainEqual({ path: "method.steps", paper: 20000, ours: 3 });
  expect(ended.differences.map(({ path }) => path)).not.toContain("dataset");
  expect(findCaseOf(runs[0].record, list.seeds)).toMatchObject({ found: { name: "cifar10-ipc10" }, isSameIpc: true });
  const other = { ...runs[0].record, recipe: { ...dm, ipc: 12 } };
  expect(findCaseOf(other, list.seeds)).toMatchObject({ found: { name: "cifar10-ipc10" }, isSameIpc: false });
});
