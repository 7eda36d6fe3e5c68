// What a run will cost, measured before it starts: a few real steps on this dataset, network and backend.
import type { ImageSet } from "../data/image-set.ts";
import { createStoredSet, type StoredDataset } from "../data/stored-set.ts";
import { isValue, type Runtime } from "../engine/index.ts";
import { protocolOf } from "../evaluation/protocols.ts";
import { createTrainer } from "../evaluation/train-fresh.ts";
import { deriveKey, rootKey } from "../lib/random.ts";
import { methodOf } from "../methods/index.ts";
import { createNet, namedNetwork } from "../nn/nets/index.ts";
import type { Recipe } from "../recipe/index.ts";
import { randomSet } from "./evaluate.ts";
import { fitMemory, type PlannedMemory } from "./planned-memory.ts";
import { requireTestImages } from "./session.ts";

export interface Estimate {
  readonly steps: number;
  readonly secondsPerStep: number;
  readonly synthesiseSeconds: number;
  readonly evaluateSeconds: number;
  readonly totalSeconds: number;
  /** Of the run folder. */
  readonly diskBytes: number;
}

/** Times one step and one training epoch of each network, after a warm-up, and multiplies. */
export async function estimateRun(input: {
  readonly recipe: Recipe;
  readonly runtime: Runtime;
  readonly train: ImageSet;
  readonly test: ImageSet;
  readonly clock: () => number;
  readonly evaluate: boolean;
  readonly imagesAtOnce?: number | undefined;
}): Promise<Estimate> {
  const { recipe, train, evaluate } = input;
  const steps = methodOf(recipe.method.id).steps(recipe.method);
  const secondsPerStep = steps > 0 ? await timeStep(input) : 0;
  let evaluateSeconds = 0;
  for (const name of evaluate ? recipe.evaluation.nets : []) evaluateSeconds += await timeTrials(input, name);
  const images = train.classNames.length * recipe.ipc;
  const stateBytes = images * train.pixels * 4;
  const previews = Math.floor(steps / recipe.record.previewEverySteps) + 1;
  const synthesiseSeconds = steps * secondsPerStep;
  return {
    steps,
    secondsPerStep,
    synthesiseSeconds,
    evaluateSeconds,
    totalSeconds: synthesiseSeconds + evaluateSeconds,
    // Three checkpoints of images and velocity, the set itself, a picture of each preview, a line of each step.
    diskBytes: 7 * stateBytes + normaliserBytes(recipe, train) + previews * images * train.pixels + steps * 110,
  };
}

/** The matrices of a whitened set, which it is kept with. */
const normaliserBytes = ({ dataset }: Recipe, { pixels }: ImageSet) =>
  dataset.normalise === "zca" ? 4 * (pixels + 2 * pixels ** 2) : 0;

type Timed = Parameters<typeof estimateRun>[0];

/**
 * The same of a stored dataset, and the memory that is planned where the backend can. Throws UserErrors "no-test-images"
 * where it cannot be evaluated, and "memory-limit".
 */
export async function estimateStored({
  dataset,
  ...rest
}: Omit<Timed, "train" | "test" | "imagesAtOnce"> & { readonly dataset: StoredDataset }): Promise<{
  readonly estimate: Estimate;
  readonly planned: PlannedMemory | undefined;
}> {
  if (rest.evaluate) requireTestImages(dataset);
  const sets = { train: createStoredSet(dataset, "train"), test: createStoredSet(dataset, "test") };
  const planned = await fitMemory(rest.runtime.backend, { ...rest, ...sets });
  return { estimate: await estimateRun({ ...rest, ...sets, imagesAtOnce: planned?.imagesAtOnce }), planned };
}

async function timeStep({ recipe, runtime, train, clock, imagesAtOnce }: Timed): Promise<number> {
  const method = methodOf(recipe.method.id);
  const [channels, height, width] = train.imageShape;
  const net = createNet(recipe.network, { channels, height, width, classes: train.classNames.length });
  const { ipc, init } = recipe;
  const key = deriveKey(rootKey(recipe.seed), "estimate");
  const context = { runtime, key, real: train, net, ipc, init, strategy: recipe.augmentation.strategy, imagesAtOnce };
  const started = method.start(context, recipe.method);
  let state = await started.init();
  let seconds = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3; attempt++) {
    const start = clock();
    const result = await started.step(state);
    for (const value of Object.values(result.metrics)) if (isValue(value)) await runtime.take(value);
    if (attempt > 0) seconds = Math.min(seconds, (clock() - start) / 1000);
    runtime.free(state);
    state = result.state;
  }
  runtime.free(state);
  return seconds;
}

async function timeTrials({ recipe, runtime, train, test, clock }: Timed, name: string): Promise<number> {
  const { evaluation } = recipe;
  const [channels, height, width] = train.imageShape;
  const net = createNet(namedNetwork(name, recipe.network), {
    channels,
    height,
    width,
    classes: train.classNames.length,
  });
  const trainer = createTrainer(runtime, net, protocolOf(evaluation.protocol));
  const key = deriveKey(rootKey(recipe.seed), "estimate");
  const set = await randomSet(train, Math.min(recipe.ipc, ...train.source.counts), key);
  const times: number[] = [clock()];
  const strategy = recipe.augmentation.strategy;
  const theta = await trainer.train(set, strategy, { height, width }, 2, key, () => void times.push(clock()));
  const epochSeconds = Math.min(times[2] - times[1], times[3] - times[2]) / 1000;
  const start = clock();
  await trainer.accuracy(theta, test, 500);
  const testSeconds = ((clock() - start) / 1000) * (test.size / Math.min(500, test.size));
  runtime.free(theta);
  const sets = evaluation.baselines.filter((each) => each !== "whole").length + 1;
  const whole = evaluation.baselines.includes("whole") ? train.size / set.size : 0;
  return (
    evaluation.trials * ((sets + whole) * (evaluation.epochs + 1) * epochSeconds + (sets + (whole && 1)) * testSeconds)
  );
}
