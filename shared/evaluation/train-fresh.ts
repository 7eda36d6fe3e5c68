// Trains a fresh network on a set and measures its accuracy: the one judge of every method.
import type { ImageSet } from "../data/image-set.ts";
import {
  defineProgram,
  grad,
  type HostArray,
  opaque,
  type Runtime,
  type Tensor,
  type TensorTree,
  tensorsOf,
  type ValueTree,
  withTensors,
  zerosLike,
} from "../engine/index.ts";
import { deriveKey, type Key, permutation } from "../lib/random.ts";
import {
  type AugmentationTensors,
  augment,
  drawAugmentation,
  packAugmentations,
  type Strategy,
} from "../nn/augment/index.ts";
import { crossEntropy } from "../nn/losses.ts";
import type { Net } from "../nn/net.ts";
import { sgd } from "../nn/optimizers.ts";
import type { Protocol } from "./protocols.ts";

/** A training set as batches are taken from it. */
export interface TrainingSet {
  readonly size: number;
  /** Learned with the set; protocols that use such a step size take it instead of their own. */
  readonly learningRate?: number | undefined;
  /** Normalised images [n, c, h, w] and targets [n, classes]. */
  batch(indices: ArrayLike<number>): Promise<{ images: HostArray; targets: HostArray }>;
}

export const TEST_BATCH = 250;

/** The programs of one network under one protocol, compiled once for all its trials. */
export function createTrainer(runtime: Runtime, net: Net, protocol: Protocol) {
  const { momentum, weightDecay } = protocol;

  const trainStep = defineProgram(
    `train-${net.id}`,
    (given: {
      theta: TensorTree;
      velocity: TensorTree;
      images: Tensor;
      targets: Tensor;
      w?: AugmentationTensors;
      rate: Tensor;
    }) => {
      const { theta, velocity, images, targets, w, rate } = given;
      const x = w ? augment(images, w) : images;
      const loss = crossEntropy(net.apply(theta, opaque({}), x, { mode: "train", taps: false }).logits, targets);
      const parameters = tensorsOf(theta);
      const velocities = tensorsOf(velocity);
      const updates = grad(loss, parameters).map((gradient, index) =>
        sgd(parameters[index], velocities[index], gradient, rate, { momentum, weightDecay }),
      );
      return {
        theta: withTensors(
          theta,
          updates.map(({ parameter }) => parameter),
        ),
        velocity: withTensors(
          velocity,
          updates.map((update) => update.velocity),
        ),
        loss,
      };
    },
    { donate: ["theta", "velocity"] },
  );

  const classify = defineProgram(`classify-${net.id}`, ({ theta, images }: { theta: TensorTree; images: Tensor }) => ({
    logits: net.apply(theta, opaque({}), images, { mode: "eval", taps: false }).logits,
  }));

  return {
    programs: { trainStep, classify },

    /** Trains by the protocol; gives the parameters, which the caller frees. Calls `onEpoch` after each epoch. */
    async train(
      set: TrainingSet,
      strategy: Strategy,
      size: { height: number; width: number },
      epochs: number,
      key: Key,
      onEpoch: (epoch: number, loss: number) => Promise<void> | void = () => {},
    ) {
      const start = net.params(deriveKey(key, "net"));
      const zeros = zerosLike(start);
      let theta: ValueTree = runtime.upload(start);
      let velocity: ValueTree = runtime.upload(zeros);
      let rate = (protocol.usesLearnedRate && set.learningRate) || protocol.learningRate;
      const middle = Math.floor(epochs / 2) + 1;
      try {
        for (let epoch = 0; epoch <= epochs; epoch++) {
          const order = permutation(deriveKey(key, "order", epoch), set.size);
          let lastLoss = 0;
          for (let from = 0; from < set.size; from += protocol.batch) {
            const indices = order.subarray(from, from + protocol.batch);
            const { images, targets } = await set.batch(indices);
            const batchKey = deriveKey(key, "augment", epoch, from);
            const augmented = protocol.augmented && strategy.length > 0;
            const drawn = augmented
              ? drawAugmentation(batchKey, strategy, indices.length, size.height, size.width)
              : undefined;
            const result = await runtime.run(trainStep, {
              theta,
              velocity,
              images,
              targets,
              ...(drawn ? { w: packAugmentations(drawn, size.height, size.width, false) } : {}),
              rate: { shape: [], data: new Float32Array([rate]) },
            });
            ({ theta, velocity } = result);
            lastLoss = await runtime.take(result.loss);
          }
          if (epoch === middle) {
            rate *= 0.1;
            runtime.free(velocity);
            velocity = runtime.upload(zeros);
          }
          await onEpoch(epoch, lastLoss);
        }
      } catch (error) {
        runtime.free([theta, velocity]); // such as a caller that stops at an epoch
        throw error;
      }
      runtime.free(velocity);
      return theta;
    },

    /** Top-1 accuracy on the first `count` images of a set (all by default), as a fraction. */
    async accuracy(theta: ValueTree, test: ImageSet, count = test.size): Promise<number> {
      let right = 0;
      const total = Math.min(count, test.size);
      for (let from = 0; from < total; from += TEST_BATCH) {
        const indices = Array.from({ length: Math.min(TEST_BATCH, total - from) }, (_, index) => from + index);
        const images = await test.images(indices);
        const { logits } = await runtime.run(classify, { theta, images });
        const scores = await runtime.read(logits);
        runtime.free(logits);
        const classes = scores.length / indices.length;
        indices.forEach((index, row) => {
          let best = 0;
          for (let c = 1; c < classes; c++) if (scores[row * classes + c] > scores[row * classes + best]) best = c;
          if (best === test.labelOf(index)) right++;
        });
      }
      return right / total;
    },
  };
}

export type Trainer = ReturnType<typeof createTrainer>;
