// Runs side by side: the table of results, and names beside the ends of lines.
import { expect, test } from "vitest";
import {
  findProtocolDifferences,
  listResults,
  type ResultWords,
  toSettings,
} from "../../renderer/stores/compare-table.ts";
import type { Score } from "../../renderer/stores/scores.ts";
import { spreadLabels } from "../../renderer/stores/spread-labels.ts";
import { listedRun } from "./run-records.ts";

const words: ResultWords = {
  set: (set) => set,
  best: (set) => `${set} top`,
  lastLoss: "last",
  lowestLoss: "lowest",
  atStep: (value, step) => `${value} at ${step}`,
  missing: "-",
};
const score = (set: Score["set"], trials: number[], net = "convnet-3"): Score => {
  const mean = trials.reduce((sum, each) => sum + each, 0) / trials.length;
  return { set, net, ipc: 1, trials, mean, std: 0 };
};

test("accuracies, the best trial and the loss's last and lowest value stand side by side", () => {
  const rows = listResults(
    [
      {
        scores: [score("distilled", [0.5, 0.7]), score("random", [0.4])],
        loss: { steps: [1, 2, 3], values: [9, 2, 4] },
      },
      { scores: [score("distilled", [0.61, 0.61])], loss: { steps: [1], values: [5] } },
      { scores: [], loss: { steps: [], values: [] } },
    ],
    words,
  );
  expect(rows).toEqual([
    { name: "distilled", values: ["60.0 ± 0.0 %", "61.0 ± 0.0 %", "-"], best: 1 },
    { name: "distilled top", values: ["70.0 %", "61.0 %", "-"], best: 0 },
    { name: "random", values: ["40.0 ± 0.0 %", "-", "-"], best: undefined },
    { name: "last", values: ["4 at 3", "5 at 1", "-"], best: undefined },
    { name: "lowest", values: ["2 at 2", "5 at 1", "-"], best: undefined },
  ]);
});

test("accuracies of different experiments are told apart from those of different methods, and none of them is the best", () => {
  const ofMethods = ["seed", "init", "method.id", "method.steps", "selection.epochs", "evaluation.trials", "adapter"];
  expect(findProtocolDifferences([...ofMethods, "dataset.name"])).toEqual([]);
  const others = ["dataset.name", "dataset.fingerprint", "ipc", "network.width", "evaluation.epochs", "method.id"];
  expect(findProtocolDifferences(others)).toEqual(["dataset", "ipc", "network.width", "evaluation.epochs"]);
  const sides = [0.5, 0.6].map((mean) => ({
    scores: [score("distilled", [mean])],
    loss: { steps: [], values: [] },
  }));
  expect(listResults(sides, words)[0].best).toBe(1);
  expect(listResults(sides, words, false).every(({ best }) => best === undefined)).toBe(true);
});

test("the data that a run was given stands beside what its recipe asks of data", () => {
  const { record } = listedRun("a", { recipe: { ipc: 1, dataset: { size: 28 } } });
  const { name, fingerprint } = record.dataset;
  const dataset = { name, fingerprint: fingerprint.slice(0, 8), size: 28 };
  expect(toSettings(record)).toEqual({ ipc: 1, dataset, adapter: record.adapter });
});

test("networks are named where there are several, and one value alone is not the best", () => {
  const side = {
    scores: [score("distilled", [0.5]), score("distilled", [0.4], "convnet-2")],
    loss: { steps: [], values: [] },
  };
  const rows = listResults([side, { ...side, scores: [] }], words);
  expect(rows.map(({ name }) => name).slice(0, 4)).toEqual([
    "distilled, convnet-3",
    "distilled, convnet-3 top",
    "distilled, convnet-2",
    "distilled, convnet-2 top",
  ]);
  expect(rows.every(({ best }) => best === undefined)).toBe(true);
});

test("names at the ends of lines keep apart, near their lines, and inside", () => {
  expect(spreadLabels([10, 50, 90], 14, 0, 100)).toEqual([10, 50, 90]);
  expect(spreadLabels([50, 50, 50], 10, 0, 100)).toEqual([50, 60, 70]);
  expect(spreadLabels([98, 99], 14, 0, 100)).toEqual([86, 100]);
  const many = spreadLabels([100, 100, 100, 3], 14, 0, 100);
  expect(many).toEqual([72, 86, 100, 3]);
});
