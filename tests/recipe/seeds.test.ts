// Seeds: every file is valid, fits its datasets, and holds the numbers of its paper.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { methodOptions, methods } from "../../shared/methods/index.ts";
import { nameOf } from "../../shared/nn/nets/index.ts";
import { type DatasetFacts, resolveRecipe, type Seed, seedSchema } from "../../shared/recipe/index.ts";

const folder = new URL("../../seeds/", import.meta.url);
const files = readdirSync(folder).sort();
const read = (file: string): Seed => seedSchema.parse(JSON.parse(readFileSync(new URL(file, folder), "utf8")));

const classes = (count: number, train: number) =>
  Array.from({ length: count }, (_, index) => ({ name: String(index).padStart(3, "0"), train }));
const datasets: Record<string, DatasetFacts> = {
  MNIST: { name: "MNIST", size: 28, channels: 1, classes: classes(10, 5421) },
  "Fashion-MNIST": { name: "Fashion-MNIST", size: 28, channels: 1, classes: classes(10, 6000) },
  SVHN: { name: "SVHN", size: 32, channels: 3, classes: classes(10, 4659) },
  "CIFAR-10": { name: "CIFAR-10", size: 32, channels: 3, classes: classes(10, 5000) },
  "CIFAR-100": { name: "CIFAR-100", size: 32, channels: 3, classes: classes(100, 500) },
  ImageNette: { name: "ImageNette", size: 128, channels: 3, classes: classes(10, 858) },
  "ImageNet-1K": { name: "ImageNet-1K", size: 64, channels: 3, classes: classes(1000, 732) },
  "Tiny ImageNet": { name: "Tiny ImageNet", size: 64, channels: 3, classes: classes(200, 500) },
};

const layersOf = (seed: Seed, { set, ipc, net }: Seed["cases"][number]) => [
  seed.defaults,
  set,
  { ipc, evaluation: { nets: [net] } },
];

describe.each(files)("%s", (file) => {
  const seed = read(file);

  test("is named after its year, method and first author", () => {
    expect(file).toBe(`${seed.id}.json`);
    expect(seed.id).toMatch(new RegExp(`^${seed.paper.year}-${seed.method}-`));
    expect(methods.map(({ id }) => id)).toContain(seed.method);
  });

  test("fits every dataset of its cases, and so does its small variant", () => {
    expect(new Set(seed.cases.map(({ name }) => name)).size).toBe(seed.cases.length);
    for (const each of seed.cases) {
      const dataset = datasets[each.dataset];
      expect(dataset, each.dataset).toBeDefined();
      const recipe = resolveRecipe(layersOf(seed, each), dataset);
      expect(recipe.ipc).toBe(each.ipc);
      expect(nameOf(recipe.network)).toBe(each.net);
      const small = resolveRecipe([...layersOf(seed, each), seed.small], dataset);
      expect(small.network.width).toBeLessThan(recipe.network.width);
    }
  });

  test("publishes accuracies in percent, each with a source", () => {
    for (const { name, published } of seed.cases) {
      expect(published.mean, name).toBeGreaterThan(1);
      expect(published.mean, name).toBeLessThan(100);
      expect(published.source.length, name).toBeGreaterThan(3);
    }
  });
});

function caseOf(seed: Seed, dataset: string, ipc: number): Seed["cases"][number] {
  const found = seed.cases.find((each) => each.dataset === dataset && each.ipc === ipc);
  expect(found, `${dataset} ${ipc}`).toBeDefined();
  return found!;
}

type Accuracies = Readonly<Record<number, readonly [mean: number, std: number]>>;

describe("DM", () => {
  const seed = read("2023-dm-zhao.json");

  // Zhao and Bilen, WACV 2023, section 4, and the defaults of main_DM.py in VICO-UoE/DatasetCondensation.
  test("has the paper's settings", () => {
    const recipe = resolveRecipe(layersOf(seed, caseOf(seed, "CIFAR-10", 10)), datasets["CIFAR-10"]);
    expect(recipe.method).toEqual({
      id: "dm",
      steps: 20_000,
      realBatch: 256,
      imageLearningRate: 1,
      imageMomentum: 0.5,
    });
    expect(recipe.init).toBe("real");
    expect(recipe.network).toMatchObject({ id: "convnet", depth: 3, width: 128, norm: "instance" });
    expect([...recipe.augmentation.strategy].sort()).toEqual(["color", "crop", "cutout", "flip", "rotate", "scale"]);
    expect(recipe.evaluation).toMatchObject({ protocol: "dm", epochs: 1000, trials: 5, baselines: ["random"] });
  });

  test("draws large sets with a rate of ten, and digits without flips", () => {
    for (const each of seed.cases) {
      const { method, augmentation } = resolveRecipe(layersOf(seed, each), datasets[each.dataset]);
      const isLarge = each.dataset === "CIFAR-10" && each.ipc >= 100;
      expect(method.imageLearningRate, each.name).toBe(isLarge ? 10 : 1);
      const isDigits = ["MNIST", "SVHN"].includes(each.dataset);
      expect(augmentation.strategy.includes("flip"), each.name).toBe(!isDigits);
    }
  });

  // Tables of the paper, and of the repository's README for 100 images a class and more.
  test.each([
    ["MNIST", { 1: [89.7, 0.6], 10: [97.5, 0.1], 50: [98.6, 0.1] }],
    ["CIFAR-10", { 1: [26.0, 0.8], 10: [48.9, 0.6], 50: [63.0, 0.4] }],
    ["CIFAR-10", { 100: [67.0, 0.3], 200: [71.2, 0.4], 500: [76.1, 0.3], 1000: [79.8, 0.3], 1250: [80.8, 0.3] }],
    ["CIFAR-100", { 1: [11.4, 0.3], 10: [29.7, 0.3], 50: [43.6, 0.4] }],
    ["Tiny ImageNet", { 1: [3.9, 0.2], 10: [12.9, 0.4], 50: [24.1, 0.3] }],
  ] as [string, Record<number, [number, number]>][])("has the published accuracies on %s", (dataset, table) => {
    for (const [ipc, [mean, std]] of Object.entries(table)) {
      expect(caseOf(seed, dataset, Number(ipc)).published).toMatchObject({ mean, std });
    }
  });
});

// Zhao, Mopuri and Bilen, ICLR 2021; Zhao and Bilen, ICML 2021; the defaults of main.py in VICO-UoE/DatasetCondensation.
describe.each([
  ["2021-dc-zhao.json", "noise", "dc", 300],
  ["2021-dsa-zhao.json", "real", "dm", 1000],
] as const)("%s", (file, init, protocol, epochs) => {
  const seed = read(file);
  const resolve = (dataset: string, ipc: number) =>
    resolveRecipe(layersOf(seed, caseOf(seed, dataset, ipc)), datasets[dataset]);

  test("has the paper's settings", () => {
    const recipe = resolve("CIFAR-10", 10);
    expect(recipe.method).toEqual({
      id: seed.method,
      steps: 10_000,
      outerLoops: 10,
      innerLoops: 50,
      realBatch: 256,
      trainBatch: 256,
      imageLearningRate: 0.1,
      imageMomentum: 0.5,
      networkLearningRate: 0.01,
      distance: "layerwise",
    });
    expect(recipe.init).toBe(init);
    expect(recipe.network).toMatchObject({ id: "convnet", depth: 3, width: 128, norm: "instance" });
    expect(recipe.evaluation).toMatchObject({ protocol, epochs, trials: 20, baselines: ["random"] });
    // Without DSA, the official code augments digits by its own way, and for longer.
    const digits = seed.method === "dc" ? { protocol: "dc-mnist", epochs: 1000 } : { protocol, epochs };
    expect(resolve("MNIST", 10).evaluation).toMatchObject(digits);
  });

  // Listed: 1, 10, 20, 30, 40, 50. Others take the nearest, of two as near the smaller, and the last above it.
  test.each([
    [[1, 2, 5], 1, 1],
    [[6, 10, 15], 10, 50],
    [[16, 20, 25], 20, 25],
    [[26, 30, 35], 30, 20],
    [[36, 40, 45], 40, 15],
    [[46, 50, 100, 1000], 50, 10],
  ] as const)("of %s images per class it updates them so often for each network", (counts, outerLoops, innerLoops) => {
    for (const ipc of counts) {
      const { method } = resolveRecipe([seed.defaults, { ipc }], datasets["CIFAR-10"]);
      expect(method, String(ipc)).toMatchObject({ outerLoops, innerLoops, steps: 1000 * outerLoops });
    }
  });

  test("mirrors no digits", () => {
    for (const each of seed.cases) {
      const { augmentation } = resolveRecipe(layersOf(seed, each), datasets[each.dataset]);
      const isMirrored = seed.method === "dsa" && !["MNIST", "SVHN"].includes(each.dataset);
      expect(augmentation.strategy.includes("flip"), each.name).toBe(isMirrored);
    }
  });
});

describe.each([
  [
    "2021-dc-zhao.json",
    {
      MNIST: { 1: [91.7, 0.5], 10: [97.4, 0.2], 50: [98.8, 0.1] },
      "Fashion-MNIST": { 1: [70.5, 0.6], 10: [82.3, 0.4], 50: [83.6, 0.4] },
      SVHN: { 1: [31.2, 1.4], 10: [76.1, 0.6], 50: [82.3, 0.3] },
      "CIFAR-10": { 1: [28.3, 0.5], 10: [44.9, 0.5], 50: [53.9, 0.5], 500: [72.1, 0.4], 1000: [76.6, 0.3] },
      "CIFAR-100": { 1: [12.8, 0.3], 10: [25.2, 0.3] },
    },
  ],
  [
    "2021-dsa-zhao.json",
    {
      MNIST: { 1: [88.7, 0.6], 10: [97.8, 0.1], 50: [99.2, 0.1] },
      "Fashion-MNIST": { 1: [70.6, 0.6], 10: [84.6, 0.3], 50: [88.7, 0.2] },
      SVHN: { 1: [27.5, 1.4], 10: [79.2, 0.5], 50: [84.4, 0.4] },
      "CIFAR-10": { 1: [28.8, 0.7], 10: [52.1, 0.5], 50: [60.6, 0.5], 500: [73.6, 0.3], 1000: [78.7, 0.3] },
      "CIFAR-100": { 1: [13.9, 0.3], 10: [32.3, 0.3], 50: [42.8, 0.4] },
    },
  ],
] as [string, Record<string, Accuracies>][])("the cases of %s", (file, tables) => {
  const seed = read(file);

  test.each(Object.entries(tables))("have the published accuracies on %s", (dataset, table) => {
    expect(seed.cases.filter((each) => each.dataset === dataset)).toHaveLength(Object.keys(table).length);
    for (const [ipc, [mean, std]] of Object.entries(table)) {
      expect(caseOf(seed, dataset, Number(ipc)).published).toMatchObject({ mean, std });
    }
  });
});

describe("MTT", () => {
  const seed = read("2022-mtt-cazenavette.json");

  // The authors' commands in DC-BENCH, and the accuracies in the tables of later papers: K, M, highest start, batch, rates.
  test.each([
    ["CIFAR-10", 1, 50, 2, 2, 0, 100, 1e-7, 0.01, 46.3, 0.8],
    ["CIFAR-10", 10, 30, 2, 20, 0, 100, 1e-5, 0.001, 65.3, 0.7],
    ["CIFAR-10", 50, 30, 2, 40, 0, 1000, 1e-5, 0.001, 71.6, 0.2],
    ["CIFAR-100", 1, 20, 3, 20, 0, 1000, 1e-5, 0.01, 24.3, 0.3],
    ["CIFAR-100", 10, 20, 2, 20, 0, 1000, 1e-5, 0.01, 40.1, 0.4],
    ["CIFAR-100", 50, 80, 2, 40, 125, 1000, 1e-5, 0.01, 47.7, 0.2],
    ["Tiny ImageNet", 1, 10, 2, 10, 0, 10_000, 1e-4, 0.01, 8.8, 0.3],
    ["Tiny ImageNet", 10, 20, 2, 40, 200, 10_000, 1e-4, 0.01, 23.2, 0.2],
    ["Tiny ImageNet", 50, 20, 2, 40, 300, 10_000, 1e-4, 0.01, 28.0, 0.3],
    ["ImageNette", 1, 20, 2, 10, 0, 1000, 1e-6, 0.01, 47.7, 0.9],
  ])("has the paper's settings on %s at %d", (...row) => {
    const [dataset, ipc, innerSteps, expertEpochs, maxStart, studentBatch, images, rates, initialRate, mean, std] = row;
    const found = seed.cases.find((each) => each.dataset === dataset && each.ipc === ipc)!;
    const recipe = resolveRecipe(layersOf(seed, found), datasets[dataset]);
    expect(recipe.method).toMatchObject({
      ...{ innerSteps, expertEpochs, maxStart, studentBatch, initialRate },
      ...{ imageLearningRate: images, rateLearningRate: rates, imageMomentum: 0.5, rateMomentum: 0.5, steps: 5000 },
      experts: { count: 100, learningRate: 0.01, batch: 256, augmented: true },
    });
    expect(recipe).toMatchObject({ init: "real", evaluation: { protocol: "mtt", epochs: 1000, trials: 5 } });
    expect(found.published).toMatchObject({ mean, std });
  });

  test("the method's own defaults are those of the official code", () => {
    expect(methodOptions.parse({ id: "mtt" })).toMatchObject({
      ...{ steps: 5000, innerSteps: 20, expertEpochs: 3, maxStart: 25, studentBatch: 0, maxLoss: 1.1 },
      ...{ imageLearningRate: 1000, rateLearningRate: 1e-5, initialRate: 0.01, imageMomentum: 0.5, rateMomentum: 0.5 },
      experts: { count: 100, learningRate: 0.01, batch: 256, augmented: true },
    });
  });
});

describe("TESLA", () => {
  const seed = read("2023-tesla-cui.json");

  // The README of the official repository, with half of its step sizes on the images: its gradient lacks a factor of two.
  test.each([
    ["CIFAR-10", 1, 50, 2, 5, 0, 1000, 1e-7, 48.5],
    ["CIFAR-100", 50, 80, 2, 40, 125, 1000, 1e-5, 47.9],
    ["ImageNet-1K", 1, 10, 3, 10, 100, 10_000, 1e-4, 7.7],
  ])("has the README's settings on %s at %d", (...row) => {
    const [dataset, ipc, innerSteps, expertEpochs, maxStart, studentBatch, images, rateLearningRate, mean] = row;
    const found = seed.cases.find((each) => each.dataset === dataset && each.ipc === ipc)!;
    const recipe = resolveRecipe(layersOf(seed, found), datasets[dataset]);
    const isImageNet = dataset === "ImageNet-1K";
    expect(recipe.method).toMatchObject({
      ...{ steps: 10_000, innerSteps, expertEpochs, maxStart, studentBatch, rateLearningRate, initialRate: 0.01 },
      ...{ imageLearningRate: images / 2, softLabels: isImageNet, experts: { count: isImageNet ? 50 : 100 } },
    });
    expect(recipe.evaluation).toMatchObject({ protocol: "tesla", epochs: 1000, trials: 3 });
    expect(found.published.mean).toBe(mean);
  });

  test.each([
    ["CIFAR-10", { 1: [48.5, 0.8], 10: [66.4, 0.8], 50: [72.6, 0.7] }],
    ["CIFAR-100", { 1: [24.8, 0.4], 10: [41.7, 0.3], 50: [47.9, 0.3] }],
  ] as [string, Record<number, [number, number]>][])("has the published accuracies on %s", (dataset, table) => {
    for (const [ipc, [mean, std]] of Object.entries(table)) {
      const found = seed.cases.find((each) => each.dataset === dataset && each.ipc === Number(ipc));
      expect(found?.published).toMatchObject({ mean, std });
    }
  });
});

describe("whitening", () => {
  // The authors' command list in DC-BENCH; of TESLA, the commands of its README, and MTT's rows where it has none.
  test.each([
    ["2022-mtt-cazenavette.json", ["cifar10-ipc1", "cifar10-ipc10", "cifar100-ipc1", "cifar100-ipc50"]],
    ["2023-tesla-cui.json", ["cifar10-ipc10", "cifar100-ipc1", "cifar100-ipc50"]],
  ])("%s whitens the cases that the papers whiten", (file, whitened) => {
    const seed = read(file);
    const found = seed.cases.filter((each) => {
      const { dataset } = resolveRecipe(layersOf(seed, each), datasets[each.dataset]);
      return dataset.normalise === "zca";
    });
    expect(found.map(({ name }) => name)).toEqual(whitened);
  });
});
