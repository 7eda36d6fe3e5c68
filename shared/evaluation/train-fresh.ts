// Trains a fresh network on a set and measures its accuracy: the one judge of every method.
import type { ImageSet } from "../data/image-set.ts";
import {
  defineProgram,
  grad,
  type HostArray,
  type Runtime,
  type Tensor,
  type TensorTree,
  tensorsOf,
  type ValueTree,
  withTensors,
  zerosLike,
} from "../engine/index.ts";
import { deriveKey, type Key, permutation } from "../lib/random.ts";
import type { AugmentationTensors, Strategy } from "../nn/augment/index.ts";
import { crossEntropy } from "../nn/losses.ts";
import type { Net } from "../nn/net.ts";
import { sgd } from "../nn/optimizers.ts";
import { applyDrawn, type Drawn, drawBatch } from "./augmentations.ts";
import { countRight } from "./count-right.ts";
import { conditionsAt, countEpochs, type Protocol } from "./protocols.ts";

/** A training set as batches are taken from it. */
export interface TrainingSet {
  readonly size: number;
  /** The rate that the set was made for, where it learned one. */
  readonly learningRate?: number | undefined;
  /** Normalised images [n, c, h, w] and targets [n, classes]. */
  batch(indices: ArrayLike<number>): Promise<{ images: HostArray; targets: HostArray }>;
}

export const TEST_BATCH = 250;

/** A trained network on the backend: its parameters, and the running statistics of its batch norms. */
export interface TrainedNet {
  readonly theta: ValueTree;
  readonly buffers: ValueTree;
}

/** The same between two epochs: what the training goes on with. */
export interface TrainingState extends TrainedNet {
  readonly velocity: ValueTree;
}

/** The programs of one network under one protocol, compiled once for all its trials. */
export function createTrainer(runtime: Runtime, net: Net, protocol: Protocol) {
  const { weightDecay } = protocol;

  const defineStep = (momentum: number) =>
    defineProgram(
      `train-${net.id}`,
      (given: {
        theta: TensorTree;
        buffers: TensorTree;
        velocity: TensorTree;
        images: Tensor;
        targets: Tensor;
        drawn: Drawn<Tensor, AugmentationTensors>;
        rate: Tensor;
      }) => {
        const { theta, velocity, images, targets, drawn, rate } = given;
        const x = applyDrawn(images, drawn);
        const { logits, buffers } = net.apply(theta, given.buffers, x, { mode: "train" });
        const loss = crossEntropy(logits, targets);
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
          buffers,
          velocity: withTensors(
            velocity,
            updates.map((update) => update.velocity),
          ),
          loss,
        };
      },
      { donate: ["theta", "buffers", "velocity"] },
    );

  const trainStep = defineStep(protocol.momentum);
  const steps = new Map([[protocol.momentum, trainStep]]);
  const stepWith = (momentum: number) => {
    const step = steps.get(momentum) ?? defineStep(momentum);
    steps.set(momentum, step);
    return step;
  };

  const classify = defineProgram(
    `classify-${net.id}`,
    ({ theta, buffers, images }: { theta: TensorTree; buffers: TensorTree; images: Tensor }) => ({
      logits: net.apply(theta, buffers, images, { mode: "eval" }).logits,
    }),
  );

  return {
    programs: { trainStep, classify },

    /**
     * Trains by the protocol; gives the network, which the caller frees. `onEpoch` is called after each epoch, with
     * a state that a later training may go on `from`, where the same key and set give the same bits.
     */
    async train(
      set: TrainingSet,
      chosen: Strategy,
      epochs: number,
      key: Key,
      onEpoch: (epoch: number, loss: number, state: TrainingState) => Promise<void> | void = () => {},
      from?: { readonly epoch: number; readonly state: TrainingState },
    ): Promise<TrainedNet> {
      const start = net.params(deriveKey(key, "net"));
      const zeros = zerosLike(start);
      let { theta, buffers, velocity }: TrainingState = from?.state ?? {
        theta: runtime.upload(start),
        buffers: runtime.upload(net.buffers()),
        velocity: runtime.upload(zeros),
      };
      const learned = protocol.usesLearnedRate ? set.learningRate : undefined;
      try {
        for (let epoch = from?.epoch ?? 0; epoch < countEpochs(protocol, epochs); epoch++) {
          const { factor, momentum, restarts } = conditionsAt(protocol, epochs, epoch);
          if (restarts) {
            runtime.free(velocity);
            velocity = runtime.upload(zeros);
          }
          const rate = (learned ?? protocol.learningRate) * factor;
          const order = permutation(deriveKey(key, "order", epoch), set.size);
          let lastLoss = 0;
          for (let at = 0; at < set.size; at += protocol.batch) {
            const indices = order.subarray(at, at + protocol.batch);
            const batch = await set.batch(indices);
            const result = await runtime.run(stepWith(momentum), {
              theta,
              buffers,
              velocity,
              ...drawBatch(protocol, chosen, batch, deriveKey(key, "augment", epoch, at)),
              rate: { shape: [], data: new Float32Array([rate]) },
            });
            ({ theta, buffers, velocity } = result);
            lastLoss = await runtime.take(result.loss);
          }
          await onEpoch(epoch, lastLoss, { theta, buffers, velocity });
        }
      } catch (error) {
        runtime.free([theta, buffers, velocity]); // such as a caller that stops at an epoch
        throw error;
      }
      runtime.free(velocity);
      return { theta, buffers };
    },

    /** Top-1 accuracy on the first `count` images of a set (all by default), as a fraction. */
    async accuracy({ theta, buffers }: TrainedNet, test: ImageSet, count = test.size): Promise<number> {
      let right = 0;
      const total = Math.min(count, test.size);
      for (let from = 0; from < total; from += TEST_BATCH) {
        const indices = Array.from({ length: Math.min(TEST_BATCH, total - from) }, (_, index) => from + index);
        const images = await test.images(indices);
        const { logits } = await runtime.run(classify, { theta, buffers, images });
        const scores = await runtime.read(logits);
        runtime.free(logits);
        right += countRight(
          scores,
          indices.map((index) => test.labelOf(index)),
        );
      }
      return right / total;
    },
  };
}

export type Trainer = ReturnType<typeof createTrainer>;
