// The evaluation: fresh networks trained on the distilled set and on its baselines, under one protocol.
import { sampleClass } from "../data/class-sampler.ts";
import type { DistilledSet } from "../data/distilled-set.ts";
import { type ImageSet, oneHot } from "../data/image-set.ts";
import type { ChosenImages } from "../data/selection/index.ts";
import type { HostArray, Runtime } from "../engine/index.ts";
import { strategyOf } from "../evaluation/augmentations.ts";
import { countEpochs, type Protocol, protocolOf } from "../evaluation/protocols.ts";
import { summarise } from "../evaluation/statistics.ts";
import { createTrainer, type Trainer, type TrainingSet } from "../evaluation/train-fresh.ts";
import { invariant } from "../lib/invariant.ts";
import { deriveKey, type Key, rootKey } from "../lib/random.ts";
import { methodOf } from "../methods/index.ts";
import { createNet, namedNetwork } from "../nn/nets/index.ts";
import type { Recipe } from "../recipe/index.ts";
import type { Trial } from "./checkpoint.ts";
import type { Choices } from "./choices.ts";
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

/** A distilled set as a protocol trains on it. */
export function trainingSetOf(
  { images, shape, labels, classNames, ipc, extra }: DistilledSet,
  protocol: Pick<Protocol, "labels">,
): TrainingSet {
  const [count] = shape;
  const ofClass = () => Int32Array.from({ length: count }, (_, i) => Math.floor(i / ipc));
  const targets =
    labels.kind === "soft" && protocol.labels === "own"
      ? { shape: [count, classNames.length], data: labels.values }
      : oneHot(labels.kind === "hard" ? labels.values : ofClass(), classNames.length);
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

/** The images of each class that were chosen, at most `ipc`. */
async function chosenSet(real: ImageSet, chosen: ChosenImages, ipc: number): Promise<TrainingSet> {
  const indices = chosen.flatMap((own) => own.slice(0, ipc));
  const { shape, data } = await real.images(indices);
  return fixedSet(data, shape, real.oneHot(indices));
}

export function wholeSet(real: ImageSet): TrainingSet {
  return {
    size: real.size,
    batch: async (indices) => ({ images: await real.images(indices), targets: real.oneHot(indices) }),
  };
}

export interface Evaluator {
  /** Trains and tests one network; the same job gives the same accuracy. Rejects when `signal` aborts. */
  run(
    job: Job,
    signal: AbortSignal,
    onEpoch: (epoch: number, loss: number) => void,
    /** In place of the distilled set that the evaluator was made with. */
    distilled?: DistilledSet,
  ): Promise<number>;
}

export function createEvaluator(input: {
  readonly recipe: Pick<Recipe, "evaluation" | "augmentation" | "network" | "seed" | "ipc">;
  readonly runtime: Runtime;
  readonly train: ImageSet;
  readonly test: ImageSet;
  readonly distilled?: DistilledSet;
  /** Of the step that was best on held-out images. */
  readonly best?: DistilledSet | undefined;
  /** For the baselines that are chosen by features. */
  readonly choices?: Choices | undefined;
}): Evaluator {
  const { recipe, runtime, train, test, best, choices } = input;
  const { evaluation } = recipe;
  const protocol = protocolOf(evaluation.protocol);
  const [channels, height, width] = train.imageShape;
  const key = deriveKey(rootKey(recipe.seed), "evaluate");
  const trainers = new Map<string, Trainer>();
  const trainerOf = (name: string): Trainer => {
    let trainer = trainers.get(name);
    if (!trainer) {
      const options = namedNetwork(name, recipe.network);
      const net = createNet(options, { channels, height, width, classes: train.classNames.length });
      trainer = createTrainer(runtime, net, protocol);
      trainers.set(name, trainer);
    }
    return trainer;
  };
  const setOf = (job: Job, distilled: DistilledSet | undefined): Promise<TrainingSet> | TrainingSet => {
    switch (job.set) {
      case "distilled":
        return trainingSetOf(distilled as DistilledSet, protocol);
      case "best":
        return trainingSetOf(best as DistilledSet, protocol);
      case "random":
        return randomSet(train, recipe.ipc, deriveKey(key, "random", job.trial));
      case "whole":
        return wholeSet(train);
      default: {
        const chosen = choices?.[job.set];
        invariant(chosen, `images by ${job.set} are chosen before an evaluation`);
        return chosenSet(train, chosen, recipe.ipc);
      }
    }
  };
  return {
    run: async (job, signal, onEpoch, distilled = input.distilled) => {
      const trainer = trainerOf(job.net);
      const set = await setOf(job, distilled);
      // An epoch of a whole training set may take minutes: a stop is seen at the next batch.
      const stoppable: TrainingSet = {
        ...set,
        batch: (indices) => {
          signal.throwIfAborted();
          return set.batch(indices);
        },
      };
      // The key does not know the set: every set trains the same initial networks.
      const trained = await trainer.train(
        stoppable,
        recipe.augmentation.strategy,
        evaluation.epochs,
        deriveKey(key, job.net, job.trial),
        onEpoch,
      );
      try {
        return await trainer.accuracy(trained, test);
      } finally {
        runtime.free(trained);
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
  bestStep?: number,
): EvaluationFile {
  const { evaluation } = recipe;
  const protocol = protocolOf(evaluation.protocol);
  const groups = Map.groupBy(trials, ({ net, set }) => `${net} ${set}`);
  return {
    protocol: {
      ...protocol,
      epochs: evaluation.epochs,
      epochsRun: countEpochs(protocol, evaluation.epochs),
      augmentation: strategyOf(protocol, recipe.augmentation.strategy),
      normaliser,
      testImages,
      heldOut: evaluation.validation,
      ...(bestStep !== undefined && { bestStep }),
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
