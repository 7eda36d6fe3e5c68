// DM: dataset condensation with distribution matching (Zhao & Bilen, WACV 2023).
// min_S E_{theta,w} sum_c | mean psi_theta(A_w(x in X_c)) - mean psi_theta(A_w(s in S_c)) |^2
import { z } from "zod";
import { drawClass, sampleClass } from "../data/class-sampler.ts";
import { defineProgram, grad, type Tensor, type TensorTree, type Value, type ValueTree } from "../engine/index.ts";
import { deriveKey, type Key } from "../lib/random.ts";
import {
  type Augmentation,
  type AugmentationTensors,
  augment,
  drawAugmentation,
  packAugmentations,
} from "../nn/augment/index.ts";
import { squaredDistance } from "../nn/losses.ts";
import { type Net, noBuffers } from "../nn/net.ts";
import { sgd } from "../nn/optimizers.ts";
import { beginPieces, cutClasses } from "./class-pieces.ts";
import { defineMethod, type MethodState } from "./method.ts";

/** Synthetic images that go through the network at once; classes beyond it are matched in turn, which is exact. */
const IMAGES_AT_ONCE = 512;

interface DmState extends MethodState {
  readonly velocities: readonly Value[];
}

/** The maths of one step, as programs: mean features of real images, and the move of the synthetic ones towards them. */
export function createDmPrograms(net: Net, given: { ipc: number; classes: number; imageMomentum: number }) {
  const { ipc, classes, imageMomentum } = given;
  const embed = (theta: TensorTree, images: Tensor) => net.apply(theta, noBuffers, images, { mode: "train" }).features;
  /** Of images in class-major order, [classes, features]. */
  const meansOf = (features: Tensor, perClass: number) =>
    features.reshape([features.shape[0] / perClass, perClass, net.featureSize]).mean([1]);

  const embedReal = defineProgram(
    "dm-embed-real",
    ({ theta, x, w }: { theta: TensorTree; x: Tensor; w: AugmentationTensors }) => ({
      mean: embed(theta, augment(x, w)).mean([0]),
    }),
  );

  // Batch norm mixes the images of a batch: real ones of all classes go through together, as synthetic ones do.
  const embedAllReal = defineProgram(
    "dm-embed-all-real",
    ({ theta, x, w }: { theta: TensorTree; x: Tensor; w: AugmentationTensors }) => ({
      means: meansOf(embed(theta, augment(x, w)), x.shape[0] / classes),
    }),
  );

  const match = defineProgram(
    "dm-match",
    (given: {
      theta: TensorTree;
      targets: Tensor[];
      s: Tensor;
      velocity: Tensor;
      w: AugmentationTensors;
      rate: Tensor;
    }) => {
      const { theta, targets, s, velocity, w, rate } = given;
      const [first, ...others] = targets.map((target) =>
        target.reshape([target.size / net.featureSize, net.featureSize]),
      );
      const realMeans = first.concat(others, 0); // [classes, features]
      const means = meansOf(embed(theta, augment(s, w)), ipc);
      const loss = squaredDistance(realMeans, means);
      const [gradient] = grad(loss, [s]);
      const next = sgd(s, velocity, gradient, rate, { momentum: imageMomentum, weightDecay: 0 });
      return { s: next.parameter, velocity: next.velocity, loss };
    },
  );

  const addUp = defineProgram("dm-loss", ({ losses }: { losses: Tensor[] }) => ({
    // As the official log has it: the objective divided by the number of classes.
    loss: losses.reduce((sum, loss) => sum.add(loss)).mul(1 / classes),
  }));

  return { embedReal, embedAllReal, match, addUp };
}

export const dm = defineMethod({
  id: "dm",
  title: "Distribution matching",
  summary:
    "Moves the synthetic images of each class until random networks see the same mean features in them as in the real ones. The cheapest method: no training inside the loop.",
  paper: {
    title: "Dataset Condensation with Distribution Matching",
    authors: "Bo Zhao, Hakan Bilen",
    venue: "WACV 2023",
    url: "https://arxiv.org/abs/2110.04181",
  },
  options: z.strictObject({
    id: z.literal("dm"),
    steps: z.int().min(0).max(1_000_000).default(20_000).describe("Outer steps; each draws a fresh random network"),
    realBatch: z.int().min(1).max(8192).default(256).describe("Real images per class and step"),
    imageLearningRate: z.number().positive().default(1).describe("Step size on the synthetic images"),
    imageMomentum: z.number().min(0).lt(1).default(0.5).describe("Momentum of the synthetic images"),
  }),
  steps: ({ steps }) => steps,
  // A forward pass for the real images; forward and the gradient to the input for the synthetic ones.
  forwardsPerStep: ({ realBatch }, { classes, ipc }) => classes * (realBatch + 2 * ipc),
  rateName: "method.imageLearningRate",
  memoryNames: ["method.realBatch"],
  imagesAtOnce: IMAGES_AT_ONCE,

  start: (context, { realBatch, imageLearningRate, imageMomentum }) => {
    const { runtime, real, net, ipc, strategy, key } = context;
    const [, height, width] = real.imageShape;
    const classes = real.classNames.length;
    const atOnce = net.mixesImages ? classes : (context.imagesAtOnce ?? IMAGES_AT_ONCE) / ipc;
    const pieces = cutClasses(classes, atOnce);
    const { embedReal, embedAllReal, match, addUp } = createDmPrograms(net, { ipc, classes, imageMomentum });

    const embedApart = async (theta: ValueTree, labels: number[], drawn: Augmentation[], at: Key): Promise<Value[]> => {
      const targets: Value[] = [];
      for (const [index, c] of labels.entries()) {
        const x = await drawClass(real, c, realBatch, deriveKey(at, "real", c));
        const w = packAugmentations([drawn[index]], height, width, false);
        targets.push((await runtime.run(embedReal, { theta, x, w })).mean);
      }
      return targets;
    };

    // As many of each class, since the means are over equal parts.
    const embedTogether = async (theta: ValueTree, drawn: Augmentation[], at: Key): Promise<Value> => {
      const count = Math.min(realBatch, ...real.source.counts);
      const rows = drawn.flatMap((_, c) => sampleClass(real, c, count, deriveKey(at, "real", c)));
      const w = packAugmentations(drawn, height, width, false);
      return (await runtime.run(embedAllReal, { theta, x: await real.images(rows), w })).means;
    };

    return {
      init: async (): Promise<DmState> => ({ step: 0, ...(await beginPieces(context, pieces)) }),

      step: async (state: DmState) => {
        const at = deriveKey(key, "step", state.step);
        const theta = runtime.upload(net.params(deriveKey(at, "net")));
        const rate = { shape: [], data: new Float32Array([imageLearningRate]) };
        const moved: { s: Value; velocity: Value; loss: Value }[] = [];
        for (const [piece, labels] of pieces.entries()) {
          // One operation with one set of parameters, shared by the real and the synthetic images of the class.
          const drawn = labels.map((c) => drawAugmentation(deriveKey(at, "augment", c), strategy, 1, height, width)[0]);
          const targets = net.mixesImages
            ? [await embedTogether(theta, drawn, at)]
            : await embedApart(theta, labels, drawn, at);
          const w = packAugmentations(drawn, height, width, true);
          const [s, velocity] = [state.images[piece], state.velocities[piece]];
          moved.push(await runtime.run(match, { theta, targets, s, velocity, w, rate }));
          runtime.free(targets);
        }
        const losses = moved.map(({ loss }) => loss);
        const { loss } = await runtime.run(addUp, { losses });
        runtime.free([theta, losses]);
        const images = moved.map(({ s }) => s);
        const velocities = moved.map(({ velocity }) => velocity);
        return { state: { step: state.step + 1, images, velocities }, metrics: { loss } };
      },
    };
  },
});
