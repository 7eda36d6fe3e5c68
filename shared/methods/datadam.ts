// DataDAM: distribution matching with the attention maps of every block (Sajedi et al., ICCV 2023).
// min_S E_{theta,w} sum_c [ sum_l | mean A_l(X_c) - mean A_l(S_c) |^2 + lambda | mean psi(X_c) - mean psi(S_c) |^2 ]
import { z } from "zod";
import { sampleClass } from "../data/class-sampler.ts";
import { defineProgram, grad, type HostArray, type Tensor, type TensorTree, type Value } from "../engine/index.ts";
import { deriveKey } from "../lib/random.ts";
import { type AugmentationTensors, augment, drawAugmentation, packAugmentations } from "../nn/augment/index.ts";
import { type Net, noBuffers } from "../nn/net.ts";
import { sgd } from "../nn/optimizers.ts";
import { beginPieces, cutClasses } from "./class-pieces.ts";
import { defineMethod, type MethodState } from "./method.ts";

/** Images that go through the network at once; classes beyond it are matched in turn, but for batch norm, which mixes all. */
const IMAGES_AT_ONCE = 1024;

interface DataDamState extends MethodState {
  readonly velocities: readonly Value[];
}

interface Weights {
  /** Of the features in the loss: lambda. */
  readonly features: number;
  /** Of the whole loss. */
  readonly scale: number;
}

/** The means of each class: attention maps of all blocks but the last, [classes, pixels] each, and features [classes, d]. */
interface Means {
  readonly attention: Tensor[];
  readonly features: Tensor;
}

/** A_l = sum over channels of |f|^p, of each image with length one: [n, pixels]. `f` is [n, c, h, w]. */
export function attentionMap(f: Tensor, power: number): Tensor {
  const [n, , h, w] = f.shape;
  const size = f.abs();
  const raised = Array.from({ length: power - 1 }, () => size).reduce((product, each) => product.mul(each), size);
  const map = raised.sum([1]).reshape([n, h * w]);
  return map.div(map.norm([1], true).maximum(1e-12));
}

/** The maths of one step, as programs. `average` [classes, n] holds 1 / count where an image is of a class. */
export function createDataDamPrograms(net: Net, given: { power: number; weights: Weights; imageMomentum: number }) {
  const { power, weights, imageMomentum } = given;
  const meansOf = (theta: TensorTree, images: Tensor, average: Tensor): Means => {
    const { features, taps } = net.apply(theta, noBuffers, images, { mode: "train" });
    const attention = taps.activations.slice(0, -1).map((f) => average.matmul(attentionMap(f, power)));
    return { attention, features: average.matmul(features) };
  };
  /** The squared distance of each class, [classes]. */
  const distance = (a: Tensor, b: Tensor) => a.sub(b).square().sum([1]);

  const observe = defineProgram(
    "datadam-real",
    (given: { theta: TensorTree; x: Tensor; w: AugmentationTensors; average: Tensor }): Means =>
      meansOf(given.theta, augment(given.x, given.w), given.average),
  );

  const match = defineProgram(
    "datadam-match",
    (given: {
      theta: TensorTree;
      real: Means;
      s: Tensor;
      velocity: Tensor;
      w: AugmentationTensors;
      average: Tensor;
      rate: Tensor;
    }) => {
      const { theta, real, s, velocity, w, average, rate } = given;
      const synthetic = meansOf(theta, augment(s, w), average);
      const layers = [
        ...real.attention.map((map, l) => distance(map, synthetic.attention[l]).mul(weights.scale)),
        distance(real.features, synthetic.features).mul(weights.scale * weights.features),
      ];
      const byClass = layers.reduce((sum, each) => sum.add(each));
      const [gradient] = grad(byClass.sum(), [s]);
      const next = sgd(s, velocity, gradient, rate, { momentum: imageMomentum, weightDecay: 0 });
      const byLayer = layers.map((each) => each.sum().reshape([1]));
      return {
        s: next.parameter,
        velocity: next.velocity,
        byClass,
        byLayer: byLayer[0].concat(byLayer.slice(1), 0),
        squaredGradient: gradient.square().sum(),
      };
    },
  );

  const report = defineProgram(
    "datadam-loss",
    ({ byClass, byLayer, squares }: { byClass: Tensor[]; byLayer: Tensor[]; squares: Tensor[] }) => {
      const add = (terms: readonly Tensor[]) => terms.reduce((sum, term) => sum.add(term));
      const lossByClass = byClass[0].concat(byClass.slice(1), 0);
      // As the official log has it: the objective divided by the number of classes.
      const perClass = 1 / lossByClass.size;
      return {
        loss: lossByClass.sum().mul(perClass),
        gradientNorm: add(squares).sqrt(),
        lossByClass,
        lossByLayer: add(byLayer).mul(perClass),
      };
    },
  );

  return { observe, match, report };
}

export const datadam = defineMethod({
  id: "datadam",
  title: "Attention matching",
  summary:
    "Moves the synthetic images of each class until random networks look at the same places in them as in the real ones, block by block, and see the same mean features. As cheap as distribution matching.",
  paper: {
    title: "DataDAM: Efficient Dataset Distillation with Attention Matching",
    authors: "Ahmad Sajedi, Samir Khaki, Ehsan Amjadian, Lucy Z. Liu, Yuri A. Lawryshyn, Konstantinos N. Plataniotis",
    venue: "ICCV 2023",
    url: "https://arxiv.org/abs/2310.00093",
  },
  options: z.strictObject({
    id: z.literal("datadam"),
    steps: z.int().min(0).max(1_000_000).default(20_000).describe("Outer steps; each draws a fresh random network"),
    realBatch: z.int().min(1).max(8192).default(64).describe("Real images per class and step"),
    power: z
      .int()
      .min(1)
      .max(8)
      .default(1)
      .describe("Power of the activations in an attention map; the paper writes 4"),
    featureWeight: z.number().min(0).default(0.01).describe("Lambda: weight of the mean features beside the attention"),
    lossScale: z.number().positive().default(100).describe("Factor of the whole loss; the paper writes 1"),
    imageLearningRate: z.number().positive().default(1).describe("Step size on the synthetic images"),
    imageMomentum: z.number().min(0).lt(1).default(0.5).describe("Momentum of the synthetic images"),
  }),
  steps: ({ steps }) => steps,
  forwardsPerStep: ({ realBatch }, { classes, ipc }) => classes * (realBatch + 2 * ipc),
  rateName: "method.imageLearningRate",
  memoryNames: ["method.realBatch"],
  imagesAtOnce: IMAGES_AT_ONCE,

  start: (context, { realBatch, power, featureWeight, lossScale, imageLearningRate, imageMomentum }) => {
    const { runtime, real, net, ipc, strategy, key } = context;
    const [, height, width] = real.imageShape;
    const classes = real.classNames.length;
    const atOnce = net.mixesImages ? classes : (context.imagesAtOnce ?? IMAGES_AT_ONCE) / Math.max(ipc, realBatch);
    const pieces = cutClasses(classes, atOnce);
    const weights = { features: featureWeight, scale: lossScale };
    const { observe, match, report } = createDataDamPrograms(net, { power, weights, imageMomentum });

    return {
      init: async (): Promise<DataDamState> => ({ step: 0, ...(await beginPieces(context, pieces)) }),

      step: async (state: DataDamState) => {
        const at = deriveKey(key, "step", state.step);
        const theta = runtime.upload(net.params(deriveKey(at, "net")));
        const rate = { shape: [], data: new Float32Array([imageLearningRate]) };
        const moved = [];
        for (const [piece, labels] of pieces.entries()) {
          // One operation with one set of parameters, shared by the real and the synthetic images of the class.
          const drawn = labels.map((c) => drawAugmentation(deriveKey(at, "augment", c), strategy, 1, height, width)[0]);
          const rows = labels.map((c) => sampleClass(real, c, realBatch, deriveKey(at, "real", c)));
          const counts = rows.map(({ length }) => length);
          const isEven = counts.every((count) => count === counts[0]);
          const each = isEven ? drawn : drawn.flatMap((w, c) => rows[c].map(() => w));
          const means = await runtime.run(observe, {
            theta,
            x: await real.images(rows.flat()),
            w: packAugmentations(each, height, width, false),
            average: averageOf(counts),
          });
          moved.push(
            await runtime.run(match, {
              theta,
              real: means,
              s: state.images[piece],
              velocity: state.velocities[piece],
              w: packAugmentations(drawn, height, width, true),
              average: averageOf(labels.map(() => ipc)),
              rate,
            }),
          );
          runtime.free(means);
        }
        const told = {
          byClass: moved.map(({ byClass }) => byClass),
          byLayer: moved.map(({ byLayer }) => byLayer),
          squares: moved.map(({ squaredGradient }) => squaredGradient),
        };
        const { loss, gradientNorm, ...details } = await runtime.run(report, told);
        runtime.free([theta, told]);
        const images = moved.map(({ s }) => s);
        const velocities = moved.map(({ velocity }) => velocity);
        return { state: { step: state.step + 1, images, velocities }, metrics: { loss, gradientNorm }, details };
      },
    };
  },
});

/** [classes, images] that takes the mean of each class's images, which lie class after class. */
export function averageOf(
  counts: readonly number[],
  Floats: Float32ArrayConstructor | Float64ArrayConstructor = Float32Array,
): HostArray {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const data = new Floats(counts.length * total);
  let at = 0;
  for (const [c, count] of counts.entries()) {
    data.fill(1 / count, c * total + at, c * total + at + count);
    at += count;
  }
  return { shape: [counts.length, total], data };
}
