// The settings form: fields from the real schema, changes by path, differences, and the published figure.
import { expect, test } from "vitest";
import { canStart, changesAgainst, createNewRun, isRefused, presetOf } from "../../renderer/stores/new-run.ts";
import { labelOf, listFields } from "../../renderer/stores/recipe-fields.ts";
import { dropCommonStart, tellApart } from "../../renderer/stores/side-names.ts";
import { listDifferences, nest, showValue } from "../../renderer/stores/tree.ts";
import seed from "../../seeds/2023-dm-zhao.json" with { type: "json" };
import type { ResolvedRecipe } from "../../shared/api/recipes.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { networkNames } from "../../shared/nn/nets/index.ts";
import { describeRecipe, seedSchema } from "../../shared/recipe/index.ts";
import { findNearestPublished, findPublished } from "../../shared/recipe/published.ts";

const recipe = { ipc: 1, network: { id: "convnet" }, method: { id: "dm", steps: 500 } };
const fields = listFields(describeRecipe() as Record<string, unknown>, recipe);
const field = (path: string) => fields.find((each) => each.path === path);

test("every setting of the schema is a field with words and range", () => {
  expect(field("ipc")).toMatchObject({ kind: "integer", minimum: 1, maximum: 5000, group: "ipc" });
  expect(field("method.steps")).toMatchObject({ kind: "integer", group: "method" });
  expect(field("method.imageLearningRate")).toMatchObject({ kind: "number" });
  expect(field("init")).toMatchObject({ kind: "start", options: ["real", "noise", "herding", "k-center", "k-means"] });
  expect(field("dataset.channels")).toMatchObject({ kind: "choice", options: [1, 3] });
  expect(field("augmentation.strategy")).toMatchObject({ kind: "choices" });
  expect(field("evaluation.nets")).toMatchObject({ kind: "words", options: networkNames });
  for (const { kind, path, description } of fields) if (kind !== "fixed") expect(description, path).not.toBe("");
});

test("networks are a choice, each with the settings that it has", () => {
  const schema = describeRecipe() as Record<string, unknown>;
  const listed = (network: object) =>
    listFields(schema, { ...recipe, network }).flatMap(({ path, group }) => (group === "network" ? [path] : []));
  expect(field("network.id")).toMatchObject({
    kind: "choice",
    options: ["convnet", "mlp", "lenet", "alexnet", "vgg11", "resnet18", "resnet18-ap"],
  });
  const own = ["depth", "width", "norm", "activation", "pool"].map((name) => `network.${name}`);
  expect(listed({ id: "convnet" })).toEqual(["network.id", ...own]);
  expect(listed({ id: "vgg11" })).toEqual(["network.id", "network.width", "network.norm"]);
  expect(listed({ id: "mlp" })).toEqual(["network.id", "network.width"]);
});

test("another network has settings of its own, which the preset does not know", async () => {
  const preset = { network: { id: "convnet", depth: 3, width: 128 } };
  const answer = { recipe: preset, preset } as unknown as ResolvedRecipe;
  const form = createNewRun(
    {
      recipes: { resolve: async () => answer },
      runs: { estimate: () => Promise.reject(new Error("no estimate")) },
    },
    async () => {},
  );
  const changes = () => form.store.getState().changes;
  await form.choose({ dataset: "a", recipe: "b" });
  await form.set("network.depth", 2);
  await form.set("network.id", "vgg11");
  expect(changes()).toEqual({ "network.id": "vgg11" });
  await form.set("network.width", 128);
  expect(changes()).toEqual({ "network.id": "vgg11", "network.width": 128 });
  expect(presetOf(form.store.getState(), "network.width")).toBeUndefined();
  expect(presetOf(form.store.getState(), "network.id")).toBe("convnet");
  await form.putBack("network.id");
  expect(changes()).toEqual({});
  await form.set("network.width", 128);
  expect(changes()).toEqual({});
  expect(changesAgainst(preset, { network: { id: "vgg11", width: 128 } })).toEqual({
    "network.id": "vgg11",
    "network.width": 128,
  });
});

test("a run that the estimate refuses cannot start until something is changed; one that must wait can", async () => {
  const answer = { recipe: {}, preset: {} } as unknown as ResolvedRecipe;
  let failure: unknown = new UserError("memory-limit", "it takes 80 MB: more than the memory limit of 1 MB");
  const form = createNewRun(
    {
      recipes: { resolve: async () => answer },
      runs: { estimate: () => Promise.reject(failure) },
    },
    async () => {},
  );
  const startable = () => canStart(form.store.getState());
  expect(startable()).toBe(false);
  await form.choose({ dataset: "a", recipe: "b" });
  expect(isRefused(form.store.getState())).toBe(true);
  expect(startable()).toBe(false);
  for (const code of ["adapter-crashed", "adapter-wrong", "no-adapter"]) {
    failure = new UserError(code, "the GPU is not used");
    await form.choose({});
    expect([code, startable()]).toEqual([code, false]);
  }
  // Whether a higher limit suffices is not known while it is measured.
  const enabled: boolean[] = [];
  const end = form.store.subscribe((state) => enabled.push(canStart(state) && state.isMeasuring));
  failure = new UserError("compute-busy", "a run is computed now");
  await form.choose({});
  end();
  expect(enabled).toContain(true);
  expect(startable()).toBe(true);
});

test("a setting's name reads as words", () => {
  expect(labelOf("imageLearningRate")).toBe("Image learning rate");
  expect(labelOf("ipc")).toBe("Images per class (ipc)");
  expect(labelOf("method.experts.learningRate")).toBe("Experts learning rate");
  // The kind of the method is the card's, and no field.
  const labels = fields
    .filter(({ kind, path }) => kind !== "fixed" && path !== "method.id")
    .map(({ path }) => labelOf(path));
  expect(new Set(labels).size).toBe(labels.length);
});

test("changes by path become a nested recipe", () => {
  expect(nest({ ipc: 10, "method.steps": 5, "method.realBatch": 64 })).toEqual({
    ipc: 10,
    method: { steps: 5, realBatch: 64 },
  });
});

test("only settings that differ are listed, lists as wholes", () => {
  const a = { ipc: 1, method: { id: "dm", steps: 5 }, nets: ["x"] };
  const b = { ipc: 1, method: { id: "dm", steps: 6, extra: true }, nets: ["x", "y"] };
  expect(listDifferences([a, b])).toEqual([
    { path: "method.steps", values: [5, 6] },
    { path: "nets", values: [["x"], ["x", "y"]] },
    { path: "method.extra", values: [undefined, true] },
  ]);
  expect(["x", "y"].map(showValue)).toEqual(["x", "y"]);
  expect(showValue([])).toBe("none");
});

test("a run to be repeated differs from its preset by what was changed, not by its dataset", () => {
  const preset = { ipc: 1, dataset: { size: 32 }, method: { steps: 500 } };
  expect(changesAgainst(preset, { ipc: 10, dataset: { size: 28 }, method: { steps: 500 } })).toEqual({ ipc: 10 });
  // One field, whether it is a word or an object.
  expect(changesAgainst({ init: "real" }, { init: { set: "first" } })).toEqual({ init: { set: "first" } });
});

test("the published figure is the one for this dataset and ipc", () => {
  const known = seedSchema.parse(seed);
  expect(findPublished(known, "cifar10", 10)?.published.mean).toBe(48.9);
  expect(findPublished(known, "CIFAR-10 (train)", 1)?.name).toBe("cifar10-ipc1");
  expect(findPublished(known, "fashion-mnist-sample", 10)).toBeUndefined();
  expect(findPublished(known, "cifar100", 1)?.name).toBe("cifar100-ipc1");
  expect(findNearestPublished(known, "cifar10", 12)?.name).toBe("cifar10-ipc10");
  expect(findNearestPublished(known, "fashion-mnist-sample", 12)).toBeUndefined();
});

test("runs side by side have short names that differ", () => {
  expect(dropCommonStart(["mnist dm ipc 1", "mnist dm ipc 10"])).toEqual(["ipc 1", "ipc 10"]);
  expect(dropCommonStart(["a", "a b"])).toEqual(["a", "a b"]);
  expect(tellApart(["a", "b"], [])).toEqual(["a", "b"]);
  expect(tellApart(["a", "a"], [{ path: "init", values: ["real", "noise"] }])).toEqual([
    "a, init real",
    "a, init noise",
  ]);
  expect(tellApart(["a", "a"], [])).toEqual(["a (1)", "a (2)"]);
  const three = [
    { path: "ipc", values: [1, 10, 10] },
    { path: "method.steps", values: [5, 5, 7] },
  ];
  expect(tellApart(["a", "b", "b"], three)).toEqual(["a", "b, steps 5", "b, steps 7"]);
  const crossed = [
    { path: "adapter", values: ["x", "y", "z"] },
    { path: "seed", values: [0, 1, 0] },
    { path: "network.width", values: [8, 8, 16] },
  ];
  expect(tellApart(["a", "a", "a"], crossed)).toEqual([
    "a, seed 0, width 8",
    "a, seed 1, width 8",
    "a, seed 0, width 16",
  ]);
});
