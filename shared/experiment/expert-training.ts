// How experts are trained: plain SGD on the real images, each batch under DSA drawn anew for every image (Cazenavette et al., CVPR 2022).
import type { ImageSet } from "../data/image-set.ts";
import {
  defineProgram,
  grad,
  type HostTree,
  opaque,
  type Runtime,
  type Tensor,
  type TensorTree,
  tensorsOf,
  type ValueTree,
  withTensors,
} from "../engine/index.ts";
import { countRight } from "../evaluation/count-right.ts";
import { deriveKey, type Key, permutation } from "../lib/random.ts";
import type { ExpertTraining } from "../methods/index.ts";
import {
  type AugmentationTensors,
  augment,
  drawAugmentation,
  packAugmentations,
  type Strategy,
} from "../nn/augment/index.ts";
import { crossEntropy } from "../nn/losses.ts";
import { type Net, noBuffers } from "../nn/net.ts";

/** Training images that an expert's accuracy is measured on, spread over all classes. */
const JUDGED_IMAGES = 500;
const JUDGED_AT_ONCE = 250;

/** theta <- theta - rate grad CE(A(x); theta): no momentum, no weight decay. */
export function createExpertPrograms(net: Net) {
  const logits = (theta: TensorTree, x: Tensor) => net.apply(theta, noBuffers, x, { mode: "train" }).logits;

  const step = defineProgram(
    "expert-step",
    (given: { theta: TensorTree; images: Tensor; targets: Tensor; w?: AugmentationTensors; rate: Tensor }) => {
      const { theta, images, targets, w, rate } = given;
      const loss = crossEntropy(logits(theta, w ? augment(images, w) : images), targets);
      const parameters = tensorsOf(theta);
      const moved = grad(loss, parameters).map((gradient, at) => parameters[at].sub(gradient.mul(rate)));
      return { theta: withTensors(theta, moved), loss };
    },
    { donate: ["theta"] },
  );

  const classify = defineProgram("expert-classify", ({ theta, images }: { theta: TensorTree; images: Tensor }) => ({
    logits: logits(theta, images),
  }));

  return { step, classify };
}

/** Trains an expert epoch by epoch. Equal keys and starts give the same numbers. */
export function createExpertTrainer(
  runtime: Runtime,
  net: Net,
  real: ImageSet,
  { learningRate, batch }: Pick<ExpertTraining, "learningRate" | "batch">,
  strategy: Strategy,
) {
  const { step, classify } = createExpertPrograms(net);
  const [, height, width] = real.imageShape;
  const rate = { shape: [], data: Float64Array.of(learningRate) };
  const batches = Math.ceil(real.size / batch);

  const cutBatches = (order: Int32Array) =>
    Array.from({ length: batches }, (_, at) => order.subarray(at * batch, (at + 1) * batch));

  /** The mean loss and the parameters after these batches. Throws the signal's reason. */
  const train = async (from: HostTree, all: readonly Int32Array[], key: Key, signal?: AbortSignal) => {
    let theta: ValueTree = runtime.upload(from);
    let total = 0;
    // Read while the next batch is computed.
    let late = Promise.resolve(0);
    for (const [at, indices] of all.entries()) {
      if (signal?.aborted) {
        await late;
        runtime.free(theta);
        signal.throwIfAborted();
      }
      const drawn = drawAugmentation(deriveKey(key, "augment", at), strategy, indices.length, height, width);
      const result = await runtime.run(step, {
        theta,
        images: await real.images(indices),
        targets: real.oneHot(indices),
        ...(strategy.length > 0 ? { w: packAugmentations(drawn, height, width, false) } : {}),
        rate,
      });
      theta = result.theta;
      total += await late;
      late = runtime.take(result.loss);
      late.catch(() => {}); // told where it is awaited
    }
    return { theta, loss: (total + (await late)) / all.length };
  };

  /** On training images as they are, a fraction. */
  const judge = async (theta: ValueTree): Promise<number> => {
    const count = Math.min(JUDGED_IMAGES, real.size);
    const chosen = Int32Array.from({ length: count }, (_, at) => Math.floor((at * real.size) / count));
    let right = 0;
    for (let from = 0; from < count; from += JUDGED_AT_ONCE) {
      const indices = chosen.subarray(from, from + JUDGED_AT_ONCE);
      const { logits } = await runtime.run(classify, { theta, images: await real.images(indices) });
      const scores = await runtime.read(logits);
      runtime.free(logits);
      right += countRight(
        scores,
        Array.from(indices, (index) => real.labelOf(index)),
      );
    }
    return right / count;
  };

  const download = async (theta: ValueTree): Promise<HostTree> =>
    opaque((await runtime.readTree(theta)) as object) satisfies HostTree;

  return {
    /** The expert after one more epoch, the mean loss of its batches, and its accuracy then. */
    async trainEpoch(from: HostTree, key: Key, signal: AbortSignal) {
      const order = permutation(deriveKey(key, "order"), real.size);
      const { theta, loss } = await train(from, cutBatches(order), key, signal);
      const accuracy = await judge(theta);
      const parameters = await download(theta);
      runtime.free(theta);
      return { parameters, loss, accuracy };
    },

    async judge(parameters: HostTree): Promise<number> {
      const theta = runtime.upload(parameters) as ValueTree;
      const accuracy = await judge(theta);
      runtime.free(theta);
      return accuracy;
    },

    /** Seconds of an epoch, from a few of its batches; what an epoch runs, runs once at least. `clock` is in milliseconds. */
    async measureEpoch(from: HostTree, key: Key, clock: () => number): Promise<number> {
      const all = cutBatches(permutation(deriveKey(key, "order"), real.size));
      const timed = async (some: readonly Int32Array[]) => {
        const start = clock();
        const { theta } = await train(from, some, key);
        const trained = clock();
        await judge(theta);
        runtime.free(theta);
        return { trained: (trained - start) / 1000, judged: (clock() - trained) / 1000 };
      };
      await timed([...new Set([all[0], all[batches - 1]])]);
      const some = all.slice(0, 3);
      const { trained, judged } = await timed(some);
      return (trained * batches) / some.length + judged;
    },
  };
}
