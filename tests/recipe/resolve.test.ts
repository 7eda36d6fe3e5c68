// Recipes: layers, defaults that fit the dataset, changes from text, and every problem at once.

import { expect, test } from "vitest";
import { nearest } from "../../shared/lib/nearest.ts";
import type { UserError } from "../../shared/lib/user-error.ts";
import { methods } from "../../shared/methods/index.ts";
import {
  changeEvaluation,
  type DatasetFacts,
  layer,
  parseChanges,
  recipeSchema,
  resolveRecipe,
} from "../../shared/recipe/index.ts";

const digits: DatasetFacts = {
  name: "digits",
  size: 28,
  channels: 1,
  classes: ["0", "1"].map((name) => ({ name, train: 30 })),
};
const complete = {
  ipc: 2,
  init: "real",
  augmentation: { strategy: ["flip"] },
  method: { id: "dm" },
  evaluation: { protocol: "dc", trials: 1, epochs: 10, baselines: [] },
};

/** The lines of the error that a recipe gives. */
function problemsOf(layers: Parameters<typeof resolveRecipe>[0], dataset = digits): string[] {
  try {
    resolveRecipe(layers, dataset, "mine.json");
  } catch (error) {
    expect(error).toMatchObject({ code: "bad-recipe" });
    const [first, ...rest] = (error as UserError).message.split("\n");
    expect(first).toBe("mine.json cannot be used:");
    return rest.map((line) => line.trim());
  }
  return [];
}

test("what is left out fits the dataset, the network and the number of steps", () => {
  const recipe = resolveRecipe([complete], digits);
  expect(recipeSchema.parse(recipe)).toEqual(recipe);
  expect(recipe).toMatchObject({
    version: 1,
    seed: 0,
    dataset: { size: 28, channels: 1, normalise: "standard" },
    network: { id: "convnet", depth: 3, width: 128, norm: "instance" },
    method: { id: "dm", steps: 20_000, realBatch: 256, imageLearningRate: 1, imageMomentum: 0.5 },
    evaluation: { nets: ["convnet-3"] },
    record: { previewEverySteps: 1000, checkpointEverySteps: 250 },
  });
  const networkOf = (size: number) => resolveRecipe([complete], { ...digits, size }).network;
  const depths = [1, 2, 3, 3, 4, 5].map((depth) => expect.objectContaining({ id: "convnet", depth }));
  expect([8, 16, 28, 32, 64, 128].map(networkOf)).toEqual(depths);
  const shallow = resolveRecipe([complete, { network: { depth: 2 }, method: { steps: 10 } }], digits);
  expect(shallow.evaluation.nets).toEqual(["convnet-2"]);
  expect(shallow.record).toEqual({ previewEverySteps: 1, checkpointEverySteps: 1 });
});

test("whitening is for small images, and the size that it takes is named", () => {
  const zca = { ...complete, dataset: { normalise: "zca" } };
  expect(resolveRecipe([zca], digits).dataset.normalise).toBe("zca");
  expect(resolveRecipe([zca], { ...digits, size: 32, channels: 3 }).dataset.normalise).toBe("zca");
  const problems = (size: number, channels: number) =>
    problemsOf([zca, { dataset: { size, channels } }], { ...digits, size, channels });
  expect(problems(64, 3)).toEqual([
    "dataset.normalise: zca needs two matrices of 12288 x 12288 numbers (1208 MB) for images of 64 pixels: import digits again with at most 32 pixels, or use standard",
  ]);
  expect(problems(56, 1)).toEqual([expect.stringContaining("at most 55 pixels")]);
  expect(problemsOf([{ ...complete, dataset: { normalise: "pca" } }])).toEqual([
    'dataset.normalise: "pca" is not known; did you mean zca? Known: standard, zca',
  ]);
});

test("a resolved recipe resolves to itself", () => {
  const recipe = resolveRecipe([complete, { seed: 9 }], digits);
  expect(resolveRecipe([recipe], digits)).toEqual(recipe);
});

test("objects merge, all else is replaced, and the layers stay as they were", () => {
  const base = { a: { b: 1, list: [1, 2] }, c: 1 };
  expect(layer(base, { a: { list: [3] }, c: { d: 2 } })).toEqual({ a: { b: 1, list: [3] }, c: { d: 2 } });
  expect(base).toEqual({ a: { b: 1, list: [1, 2] }, c: 1 });
  const recipe = resolveRecipe([complete, { method: { steps: 7 } }, { method: { steps: 8 }, ipc: 3 }], digits);
  expect(recipe).toMatchObject({ ipc: 3, method: { id: "dm", steps: 8 } });
});

test("a field called __proto__ is a field like any other", () => {
  const changes = parseChanges(["__proto__.ipc=7"]);
  expect(Object.keys(changes)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(layer({}, changes))).toBe(Object.prototype);
  expect(problemsOf([complete, changes])).toEqual([expect.stringMatching(/^__proto__: there is no such setting/)]);
});

test("changes are JSON where they can be, else words", () => {
  const pairs = [
    "method.steps=500",
    "init=noise",
    'evaluation.nets=["convnet-3"]',
    "method.id=dm",
    "a=b=c",
    "n=null",
    "e=",
  ];
  expect(parseChanges(pairs)).toEqual({
    method: { steps: 500, id: "dm" },
    init: "noise",
    evaluation: { nets: ["convnet-3"] },
    a: "b=c",
    n: null,
    e: "",
  });
  expect(() => parseChanges(["ipc=1", "steps", "=1", "a.=2", ".b=3"])).toThrow(
    expect.objectContaining({
      code: "usage",
      message: "--set steps, --set =1, --set a.=2, --set .b=3: this is not path=value.",
    }),
  );
});

test("every problem at once, each with its path", () => {
  const wrong = {
    ipc: 31,
    sed: 3,
    dataset: { size: 32 },
    network: { depth: 6, widht: 3 },
    method: { id: "dm", stps: 1, realBatch: 0, imageMomentum: 1 },
    evaluation: { nets: ["resnet-18", "convnet-9"], epochs: -1 },
  };
  const problems = problemsOf([complete, wrong]);
  for (const expected of [
    /^sed: there is no such setting; did you mean seed\?$/,
    /^network\.widht: there is no such setting; did you mean network\.width\?$/,
    /^method\.stps: there is no such setting; did you mean method\.steps\?$/,
    /^method\.realBatch: 0 is too small: at least 1$/,
    /^method\.imageMomentum: 1 is too large: below 1$/,
    /^evaluation\.epochs: -1 is too small: at least 0$/,
    /^evaluation\.nets: there is no network "resnet-18"/,
    /^evaluation\.nets: there is no network "convnet-9"/,
    /^dataset: digits is stored with 28 pixels and 1 channels, the recipe wants 32 and 1/,
    /^ipc: 31 images of each class .*"0" has 30, "1" has 30: use at most 30, or init=noise$/,
  ]) {
    expect(problems).toContainEqual(expect.stringMatching(expected));
  }
  expect(problems).toHaveLength(10);
  expect(problemsOf([complete, { steps: 5, widht: 3, batch: 4, channels: 1, nonsense: 1 }])).toEqual([
    "steps: there is no such setting; did you mean method.steps?",
    "widht: there is no such setting; did you mean network.width?",
    "batch: there is no such setting; did you mean method.realBatch?",
    "channels: there is no such setting; did you mean dataset.channels?",
    expect.stringMatching(/^nonsense: there is no such setting; known here: version, dataset, ipc, /),
  ]);
  // In words that say what may be, at the setting and not at the place in its list.
  const odd = { ipc: 2.5, seed: null, evaluation: { trials: "many", baselines: ["random", "herd"], nets: [] } };
  expect(problemsOf([complete, odd])).toEqual([
    "ipc: 2.5 is not a whole number",
    "seed: is missing",
    "evaluation.nets: is empty: name at least 1",
    'evaluation.trials: "many" is not a number',
    'evaluation.baselines: "herd" is not known; did you mean herding? Known: random, herding, k-center, k-means, whole',
  ]);
  // A network that is too deep is told once it is a network.
  expect(problemsOf([complete, { network: { depth: 6 } }])).toEqual([
    expect.stringMatching(/^network\.depth: 6 blocks halve 28x28 pixels to nothing\. Use a depth of at most 5/),
  ]);
  expect(problemsOf([complete, { network: { id: "resnet" } }])).toEqual([
    "network.id: expected one of convnet, mlp, lenet, alexnet, vgg11, resnet18, resnet18-ap",
  ]);
  expect(problemsOf([{ ...complete, method: {} }])).toEqual([
    `method.id: expected one of ${methods.map(({ id }) => id).join(", ")}`,
  ]);
});

test("another network has its own settings, and is what the set is judged by", () => {
  const narrow = { ...complete, network: { width: 32, norm: "instance" } };
  const vgg = resolveRecipe([narrow, parseChanges(["network.id=vgg11", "network.norm=batch"])], digits);
  expect(vgg.network).toEqual({ id: "vgg11", width: 64, norm: "batch" });
  expect(vgg.evaluation.nets).toEqual(["vgg11-bn"]);
  expect(resolveRecipe([vgg], digits)).toEqual(vgg);
  // Back to ConvNet, in its usual form; an id that is as it was changes nothing.
  const back = resolveRecipe([vgg, { network: { id: "convnet" }, evaluation: { nets: ["resnet18"] } }], digits);
  expect(back.network).toMatchObject({ id: "convnet", depth: 3, width: 128, norm: "instance" });
  expect(resolveRecipe([narrow, { network: { id: "convnet" } }], digits).network).toMatchObject({ width: 32 });
  const before = parseChanges(["network.width=8", "network.id=lenet"]);
  expect(resolveRecipe([narrow, before], digits).network).toEqual({ id: "lenet", width: 8 });
  expect(problemsOf([narrow, { network: { id: "lenet", depth: 2 } }])).toEqual([
    "network.depth: there is no such setting; known here: id, width",
  ]);
});

test("a network that does not fit the images is told where it is named", () => {
  const small = { ...digits, size: 16 };
  const fits = "Use images of at least 28 pixels, or a shallower network such as convnet-2.";
  expect(problemsOf([complete, { network: { id: "vgg11" } }], small)).toEqual([
    `network.id: vgg11 is too deep for 16x16 pixels. ${fits}`,
  ]);
  expect(problemsOf([complete, { evaluation: { nets: ["convnet-2", "vgg11-bn", "convnet-2-gn-w6"] } }], small)).toEqual(
    [
      `evaluation.nets: vgg11-bn is too deep for 16x16 pixels. ${fits}`,
      "evaluation.nets: convnet-2-gn-w6: 4 groups do not divide 6 channels. Use a multiple of 4, or another norm.",
    ],
  );
});

test("a class smaller than ipc is no obstacle to noise", () => {
  expect(problemsOf([complete, { ipc: 31, init: "noise" }])).toEqual([]);
  expect(problemsOf([complete, { ipc: 30 }])).toEqual([]);
});

test("the nearest known word", () => {
  const known = ["steps", "realBatch", "imageLearningRate", "imageMomentum"];
  expect(nearest("setps", known)).toBe("steps"); // a swap is one edit
  expect(nearest("STEP", known)).toBe("steps");
  expect(nearest("imageLearnRate", known)).toBe("imageLearningRate");
  expect(nearest("batch", known)).toBe("realBatch");
  expect(nearest("q", known)).toBeUndefined();
  expect(nearest("completely-different", known)).toBeUndefined();
  expect(nearest("steps", [])).toBeUndefined();
});

test("a network or a baseline named twice is refused: its trials would count twice", () => {
  const evaluation = { ...complete.evaluation, nets: ["convnet-3", "convnet-3"], baselines: ["random", "random"] };
  expect(problemsOf([{ ...complete, evaluation }])).toEqual([
    "evaluation.nets: each may be named once only",
    "evaluation.baselines: each may be named once only",
  ]);
});

test("another evaluation is checked before anything is trained, every problem at once", () => {
  const recipe = resolveRecipe([complete], digits);
  const changed = changeEvaluation(recipe, { nets: ["convnet-2-w8"], trials: 3 }, digits);
  expect(changed).toEqual({ ...recipe, evaluation: { ...recipe.evaluation, nets: ["convnet-2-w8"], trials: 3 } });
  const change = (changes: Record<string, unknown>) => () => changeEvaluation(recipe, changes, digits);
  expect(change({ trials: 0, epochs: -1 })).toThrow(/evaluation\.trials: .*\n.*evaluation\.epochs: /);
  expect(change({ nets: ["convnet-3", "resnet"] })).toThrow(/there is no network "resnet"/);
  expect(change({ nets: ["convnet-7"] })).toThrow(/7 blocks halve 28x28 pixels to nothing/);
});

test("images chosen by features and held-out images: what contradicts is told before a run, and what is asked for resolves", () => {
  const evaluation = (changes: Record<string, unknown>) => ({ evaluation: { ...complete.evaluation, ...changes } });
  expect(problemsOf([complete, { init: "herding", ipc: 31 }])).toEqual([
    expect.stringMatching(/^ipc: 31 images of each class .*"0" has 30/),
  ]);
  // A fifth of thirty is held out.
  const judged = evaluation({ everySteps: 5, validation: 0.2 });
  expect(problemsOf([complete, judged, { init: "k-means", ipc: 25 }])).toEqual([
    expect.stringMatching(/^ipc: 25 images .*"0" has 24, .*use at most 24/),
  ]);
  expect(problemsOf([complete, judged, { init: "k-means", ipc: 24 }])).toEqual([]);
  expect(problemsOf([complete, evaluation({ everySteps: 5 })])).toEqual([
    expect.stringMatching(/^evaluation\.validation: no images are held out .*0\.1, or evaluation\.everySteps=0$/),
  ]);
  expect(problemsOf([complete, evaluation({ validation: 0.2 })])).toEqual([
    expect.stringMatching(/^evaluation\.validation: nothing looks at the images held out/),
  ]);
  expect(problemsOf([complete, evaluation({ everySteps: 1, validation: 0.01 })])).toEqual([
    expect.stringMatching(/^evaluation\.validation: 0\.01 of 30 images, the most of a class, is not one/),
  ]);
  expect(problemsOf([complete, { init: "kmeans" }])).toEqual([
    'init: expected one of real, noise, herding, k-center, k-means, or an earlier set: { "set": a run or a distilled.safetensors }',
  ]);
  const earlier = resolveRecipe([complete, { init: { set: "first-run" }, ipc: 40 }], digits);
  expect(earlier).toMatchObject({ init: { set: "first-run" }, selection: { epochs: 20, features: "raw", seed: 0 } });
  expect(earlier.evaluation).toMatchObject({ everySteps: 0, validation: 0 });
});
