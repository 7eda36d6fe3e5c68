// Steps judged on held-out training images: events, the best set, its own accuracy in the end, and the same bits on resume.
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromSafetensors } from "../../shared/data/distilled-set.ts";
import { type Backend, Runtime } from "../../shared/engine/index.ts";
import { decodeCheckpoint } from "../../shared/experiment/checkpoint.ts";
import { estimateRun } from "../../shared/experiment/estimate.ts";
import { createEvaluator } from "../../shared/experiment/evaluate.ts";
import { splitTraining } from "../../shared/experiment/sets.ts";
import { testBackends } from "../support/backends.ts";
import { MemoryArtifacts } from "./memory-artifacts.ts";
import { countValues, MemoryFolder, runSmall, smallRecipe, test as testSet, train } from "./small-world.ts";

let backend: Backend;
beforeAll(async () => {
  const native = testBackends.find(({ name }) => name === "onnx native");
  backend = await native!.open();
  expect(backend.capabilities.adapter).toMatch(native!.adapter);
});
afterAll(() => backend.dispose());

const evaluation = { everySteps: 2, validation: 0.25, epochs: 2, trials: 2, baselines: ["random"] };
const record = { previewEverySteps: 3, checkpointEverySteps: 3 };
const recipe = smallRecipe({ id: "dm", steps: 7, imageLearningRate: 30 }, { evaluation, record });
const judgedIn = ({ events }: MemoryFolder) =>
  events.flatMap((event) => (event.type === "evaluation" && event.stage === "synthesise" ? [event] : []));

test("every so many steps and at the last one; the best is kept beside the last and tested apart", async () => {
  const counted = countValues(backend);
  const { folder, outcome } = await runSmall({ recipe, backend: counted.backend, evaluate: true });
  expect(outcome.status).toBe("done");
  expect(counted.live.size).toBe(0);
  const judged = judgedIn(folder);
  expect(judged.map(({ step }) => step)).toEqual([2, 4, 6, 7]);
  const best = judged.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const file = JSON.parse(new TextDecoder().decode(folder.files.get("evaluation.json")));
  expect(file.protocol).toMatchObject({ bestStep: best.step, heldOut: 0.25 });
  expect(file.results.map(({ set }: { set: string }) => set)).toEqual(["distilled", "best", "random"]);

  // What was told is what a network makes of that set on the images that the distillation never saw.
  const { train: kept, validation } = splitTraining(train, recipe);
  expect(validation?.source.counts).toEqual([3, 3, 3]);
  const distilled = fromSafetensors(folder.files.get("best.safetensors") as Uint8Array);
  const given = { recipe, runtime: new Runtime(backend), train: kept, distilled };
  const job = { set: "distilled", net: "convnet-1", trial: 0 } as const;
  const { signal } = new AbortController();
  const accuracyOn = async (test: typeof train) => createEvaluator({ ...given, test }).run(job, signal, () => {});
  expect(await accuracyOn(validation as typeof train)).toBe(best.accuracy);
  expect(await accuracyOn(testSet)).toBe(file.results[1].trials[0]);
});

test("a last step that is the best is tested once, and told under both names", async () => {
  const last = smallRecipe({ id: "dm", steps: 1 }, { evaluation, record });
  const counted = countValues(backend);
  let epochs = 0;
  const stopsAt = ({ stage }: { stage: string }) => {
    if (stage === "evaluate") epochs++;
    return false;
  };
  const { folder } = await runSmall({ recipe: last, backend: counted.backend, evaluate: true, stopsAt });
  const { results } = JSON.parse(new TextDecoder().decode(folder.files.get("evaluation.json")));
  expect(results[1]).toEqual({ ...results[0], set: "best" });
  // Two trials of two sets, three epochs each.
  expect(epochs).toBe(12);
  expect(folder.files.get("best.safetensors")).toEqual(folder.files.get("distilled.safetensors"));
});

test("stopped after any step, or while one is judged, it ends in the same bits", async () => {
  const whole = await runSmall({ recipe, backend, evaluate: true });
  let signs = 0;
  await runSmall({ recipe, backend, evaluate: true, stopsAt: () => ++signs < 0 });
  let within = 0;
  for (let stop = 1; stop <= signs; stop++) {
    let seen = 0;
    const stopsAt = ({ note }: { note: string }) => {
      seen++;
      if (seen === stop && note.includes("on step")) within++;
      return seen === stop;
    };
    const { folder } = await runSmall({ recipe, backend, evaluate: true, stopsAt });
    const [name, bytes] = [...folder.checkpoints].at(-1) as [string, Uint8Array];
    expect(decodeCheckpoint(bytes, name).events).toBeLessThanOrEqual(folder.events.length);
    if (folder.events.at(-1)?.type !== "done") {
      await runSmall({ recipe, backend, evaluate: true, folder, resume: true });
    }
    expect(folder.result, `sign ${stop}`).toEqual(whole.folder.result);
  }
  expect(within).toBe(4 * 3);
});

test("what a killed session wrote of a later best step is not believed", async () => {
  const whole = await runSmall({ recipe, backend });
  const folder = new MemoryFolder();
  await runSmall({ recipe, backend, folder, stopsAt: ({ done }) => done === 3 });
  folder.files.set("best.safetensors", new Uint8Array(8));
  await runSmall({ recipe, backend, folder, resume: true });
  expect(folder.result).toEqual(whole.folder.result);
});

test("an estimate counts the judging, and the best set among those of the end", async () => {
  let time = 0;
  const estimate = await estimateRun({
    fingerprint: "a",
    artifacts: new MemoryArtifacts(),
    recipe: smallRecipe({ id: "dm", steps: 7 }, { evaluation, record }),
    runtime: new Runtime(backend),
    ...splitTraining(train, recipe),
    test: testSet,
    clock: () => (time += 1000),
    evaluate: true,
  });
  // A clock that ticks a second at each look: a step, an epoch and a test of 18 images take one each.
  expect(estimate.synthesiseSeconds).toBeCloseTo(7 + 4 * (3 + 9 / 18), 9);
  expect(estimate.evaluateSeconds).toBeCloseTo(2 * 3 * (3 + 1), 9);
});
