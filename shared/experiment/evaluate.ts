// The evaluation: fresh networks trained on the distilled set and on its baselines, under one protocol.
import { sampleClass } from "../data/class-sampler.ts";
import type { DistilledSet } from "../data/distilled-set.ts";
import { type ImageSet, oneHot } from "../data/image-set.ts";
import type { HostArray, Runtime } from "../engine/index.ts";
import { protocolOf } from "../evaluation/protocols.ts";
import { summarise } from "../evaluation/statistics.ts";
import { createTrainer, type Trainer, type TrainingSet } from "../evaluation/train-fresh.ts";
import { deriveKey, type Key, rootKey } from "../lib/random.ts";
import { methodOf } from "../methods/index.ts";
import { createNet, namedNetwork } from "../nn/nets/index.ts";
import type { Recipe } from "../recipe/index.ts";
import type { Trial } from "./checkpoint.ts";
import type { EvaluationFile } from "./evaluation-file.ts";
import type { Job } from "./jobs.ts";

export { type Job, listJobs } from "./jobs.ts";

/** Images held on the host, such as a distilled set or a random draw. */
function fixedSet(images: Float32Array, shape: readonly number[], targets: HostArray): TrainingSet {
  const [size, ...imageShape] = shape;
  const pixels = imageShape.reduce((product, side) => product * side, 1);
  const classes = targets.shape[1];
  const rows = (data: HostArray["data"], width: number, indices: ArrayLike<number>) => {
    const out = new Float32Array(indices.length * width);
    for (let i = 0; i < indices.length; i++)
      out.set(data.subarray(indices[i] * width, (indices[i] + 1) * width), i * width);
    return out;
  };
  return {
    size,
    batch: async (indices) => ({
      images: { shape: [indices.length, ...imageShape], data: rows(images, pixels, indices) },
      targets: { shape: [indices.length, classes], data: rows(targets.data, classes, indices) },
    }),
  };
}

export function trainingSetOf({ images, shape, labels, classNames, extra }: DistilledSet): TrainingSet {
  const targets =
    labels.kind === "hard"
      ? oneHot(labels.values, classNames.length)
      : { shape: [shape[0], classNames.length], data: labels.values };
  return { ...fixedSet(images, shape, targets), learningRate: learnedRate(extra) };
}

/** The step size that a set was distilled with, where it was learned. */
const learnedRate = ({ learning_rate: learned }: DistilledSet["extra"]): number | undefined =>
  learned?.dtype === "F32" && learned.data[0] > 0 ? learned.data[0] : undefined;

/** `ipc` real images of each class, drawn anew for each key. */
export async function randomSet(real: ImageSet, ipc: number, key: Key): Promise<TrainingSet> {
  const indices = real.classNames.flatMap((_, label) => sampleClass(real, label, ipc, deriveKey(key, label)));
  const { shape, data } = await real.images(indices);
  return fixedSet(data, shape, real.oneHot(indices));
}

function wholeSet(real: ImageSet): TrainingSet {
  return {
    size: real.size,
    batch: async (indices) => ({ images: await real.images(indices), targets: real.oneHot(indices) }),
  };
}

export interface Evaluator {
  /** Trains and tests one network; the same job gives the same accuracy. Rejects when `signal` aborts. */
  run(job: Job, signal: AbortSignal, onEpoch: (epoch: number, loss: number) => void): Promise<number>;
}

export function createEvaluator(input: {
  readonly recipe: Pick<Recipe, "evaluation" | "augmentation" | "network" | "seed" | "ipc">;
  readonly runtime: Runtime;
  readonly train: ImageSet;
  readonly test: ImageSet;
  readonly distilled?: DistilledSet;
}): Evaluator {
  const { recipe, runtime, train, test, distilled } = input;
  const { evaluation } = recipe;
  const [channels, height, width] = train.imageShape;
  const key = deriveKey(rootKey(recipe.seed), "evaluate");
  const trainers = new Map<string, Trainer>();
  const trainerOf = (name: string): Trainer => {
    let trainer = trainers.get(name);
    if (!trainer) {
      const options = namedNetwork(name, recipe.network);
      const net = createNet(options, { channels, height, width, classes: train.classNames.length });
      trainer = createTrainer(runtime, net, protocolOf(evaluation.protocol));
      trainers.set(name, trainer);
    }
    return trainer;
  };
  const setOf = (job: Job): Promise<TrainingSet> | TrainingSet => {
    switch (job.set) {
      case "distilled":
        return trainingSetOf(distilled as DistilledSet);
      case "random":
        return randomSet(train, recipe.ipc, deriveKey(key, "random", job.trial));
      case "whole":
        return wholeSet(train);
      default:
        throw new Error(`${job.set} is not a baseline yet`);
    }
  };
  return {
    run: async (job, signal, onEpoch) => {
      const trainer = trainerOf(job.net);
      const set = await setOf(job);
      // An epoch of a whole training set may take minutes: a stop is seen at the next batch.
      const stoppable: TrainingSet = {
        ...set,
        batch: (indices) => {
          signal.throwIfAborted();
          return set.batch(indices);
        },
      };
      // The key does not know the set: every set trains the same initial networks.
      const theta = await trainer.train(
        stoppable,
        recipe.augmentation.strategy,
        { height, width },
        evaluation.epochs,
        deriveKey(key, job.net, job.trial),
        onEpoch,
      );
      try {
        return await trainer.accuracy(theta, test);
      } finally {
        runtime.free(theta);
      }
    },
  };
}

/** What to say of a training whose last loss is not a number; undefined where it is one. */
export function findDivergence({ net, set, trial }: Job, loss: number, { method }: Pick<Recipe, "method">) {
  if (Number.isFinite(loss)) return undefined;
  const { rateName } = methodOf(method.id);
  return {
    code: "diverged",
    message: `The loss of ${net} on ${set}, trial ${trial + 1}, is not a finite number: its accuracy tells nothing.`,
    hint: set === "distilled" ? `Distil again with a lower ${rateName}.` : "",
  };
}

/** The contents of evaluation.json. */
export function summariseTrials(
  recipe: Pick<Recipe, "evaluation" | "augmentation" | "network" | "ipc">,
  trials: readonly Trial[],
  normaliser: object,
  testImages: number,
): EvaluationFile {
  const { evaluation } = recipe;
  const protocol = protocolOf(evaluation.protocol);
  const groups = Map.groupBy(trials, ({ net, set }) => `${net} ${set}`);
  return {
    protocol: {
      ...protocol,
      epochs: evaluation.epochs,
      epochsRun: evaluation.epochs + 1,
      augmentation: protocol.augmented ? recipe.augmentation.strategy : [],
      normaliser,
      testImages,
      selection: "last epoch; nothing is chosen on the test set",
    },
    results: [...groups.values()].map((group) => {
      const accuracies = group.map(({ accuracy }) => accuracy);
      return {
        set: group[0].set,
        ipc: recipe.ipc,
        net: group[0].net,
        width: namedNetwork(group[0].net, recipe.network).width,
        trials: accuracies,
        ...summarise(accuracies),
      };
    }),
  };
}
