// Gradient matching, Algorithm 1 of DC (Zhao, Mopuri & Bilen, ICLR 2021) and of DSA (Zhao & Bilen, ICML 2021), which differ in
// whether images are augmented: min_S E_{theta_0, w} sum_t sum_c D(grad l(A_w(S_c); theta_t), grad l(A_w(X_c); theta_t)).
import { z } from "zod";
import { drawClass, sampleClass } from "../data/class-sampler.ts";
import {
  type Arguments,
  defineProgram,
  grad,
  type HostArray,
  isValue,
  type Program,
  type Results,
  type Runtime,
  type Tensor,
  type TensorTree,
  tensorsOf,
  type Value,
  type ValueTree,
  withTensors,
} from "../engine/index.ts";
import { deriveKey, type Key, permutation } from "../lib/random.ts";
import { flattenTree } from "../lib/tree.ts";
import {
  type Augmentation,
  type AugmentationTensors,
  augment,
  drawAugmentation,
  packAugmentations,
} from "../nn/augment/index.ts";
import { crossEntropy } from "../nn/losses.ts";
import type { Net } from "../nn/net.ts";
import { sgd } from "../nn/optimizers.ts";
import { beginPieces, cutClasses } from "./class-pieces.ts";
import { type DistanceName, distanceNames, distances } from "./matching.ts";
import type { Curve, Method, MethodContext, MethodSize, MethodState, StartedMethod } from "./method.ts";

/** K of the papers: how many networks are begun. */
const NETWORKS = 1000;
/** Real images of each class from which batch norm takes its statistics. */
const STATISTICS_BATCH = 16;

export const matchingSettings = {
  steps: z
    .int()
    .min(0)
    .max(10_000_000)
    .default(NETWORKS)
    .describe("Updates of the images; a fresh random network begins every `outerLoops` of them"),
  outerLoops: z.int().min(1).max(10_000).default(1).describe("Updates of the images for each network"),
  innerLoops: z
    .int()
    .min(1)
    .max(10_000)
    .default(1)
    .describe("Epochs that the network trains on the synthetic images between two updates of them"),
  realBatch: z.int().min(1).max(8192).default(256).describe("Real images per class and update"),
  trainBatch: z.int().min(1).max(8192).default(256).describe("Synthetic images of one step of the network's training"),
  imageLearningRate: z.number().positive().default(0.1).describe("Step size on the synthetic images"),
  imageMomentum: z.number().min(0).lt(1).default(0.5).describe("Momentum of the synthetic images"),
  networkLearningRate: z.number().positive().default(0.01).describe("Step size of the network's training"),
  distance: z
    .enum(distanceNames)
    .default("layerwise")
    .describe("Between gradients: cosines of each layer's rows (the papers'), squared error, or one cosine"),
};
type Settings = { readonly [Name in keyof typeof matchingSettings]: z.output<(typeof matchingSettings)[Name]> };

/** Outer and inner loops by images per class, of the official code; there is no other row. */
const LOOPS: readonly (readonly [ipc: number, outer: number, inner: number])[] = [
  [1, 1, 1],
  [10, 10, 50],
  [20, 20, 25],
  [30, 30, 20],
  [40, 40, 15],
  [50, 50, 10],
];

/** The row of the nearest number of images per class that is listed, of two equally near ones the smaller. */
function usual({ ipc }: Pick<MethodSize, "ipc">) {
  const [, outerLoops, innerLoops] = LOOPS.reduce((best, row) =>
    Math.abs(row[0] - ipc) < Math.abs(best[0] - ipc) ? row : best,
  );
  return { steps: NETWORKS * outerLoops, outerLoops, innerLoops };
}

function contradictions({ outerLoops, innerLoops }: Settings) {
  if (outerLoops > 1 || innerLoops === 1) return [];
  const message =
    `${innerLoops} epochs of training lie between two updates of the images, but each network gives only one ` +
    "(method.outerLoops is 1): set method.outerLoops to 2 or more, or method.innerLoops to 1";
  return [{ path: "innerLoops", message }];
}

const curves: readonly Curve[] = [
  { id: "gradientNorm", title: "Gradient of the images", isLogarithmic: true },
  { id: "lossByClass", title: "Loss by class", over: "class" },
  { id: "lossByLayer", title: "Loss by layer", over: "layer" },
];

/** What a method that matches gradients declares, beside its name, its paper and its options. */
export const gradientMatching = {
  usual,
  contradictions,
  steps: ({ steps }: Settings) => steps,
  // The gradient of the real images, and of the synthetic ones with its own; then, but for a network's last, the training.
  forwardsPerStep: ({ realBatch, outerLoops, innerLoops }: Settings, { classes, ipc }: MethodSize) =>
    classes * (3 * realBatch + 7 * ipc + (1 - 1 / outerLoops) * innerLoops * 3 * ipc),
  curves,
  rateName: "method.imageLearningRate",
  memoryNames: ["method.realBatch", "method.trainBatch"],
  start: matchGradients,
} satisfies Partial<Method>;

/** A network on its way: its parameters, and the running statistics of its batch norms. */
type Student<T> = { readonly theta: T; readonly buffers: T };

interface MatchingState extends MethodState {
  /** [ipc, c, h, w] of each class. */
  readonly images: readonly Value[];
  readonly velocities: readonly Value[];
  /** The network that the next step goes on with; none where it begins a fresh one. */
  readonly student: readonly Student<ValueTree>[];
}

/** The maths of one step, as programs. Matching takes batch norm's running statistics, training the batch's own. */
export function createMatchingPrograms(net: Net, given: { distance: DistanceName; imageMomentum: number }) {
  const view = (images: Tensor, w?: AugmentationTensors) => (w ? augment(images, w) : images);
  type Images = { student: Student<TensorTree>; label: Tensor; w?: AugmentationTensors };

  /** The gradient of the mean cross-entropy of images that all have the one label, [1, classes]. */
  const gradientOf = ({ student: { theta, buffers }, label, w }: Images, images: Tensor) => {
    const { logits } = net.apply(theta, buffers, view(images, w), { mode: "eval" });
    return grad(crossEntropy(logits, label), tensorsOf(theta));
  };

  const observe = defineProgram(
    "matching-statistics",
    ({ student: { theta, buffers }, x }: { student: Student<TensorTree>; x: Tensor }) => ({
      buffers: net.apply(theta, buffers, x, { mode: "train" }).buffers,
    }),
  );

  const deriveReal = defineProgram("matching-real", ({ x, ...images }: Images & { x: Tensor }) => ({
    gradients: gradientOf(images, x),
  }));

  const match = defineProgram(
    "matching-images",
    ({
      s,
      velocity,
      gradients,
      rate,
      ...images
    }: Images & Record<"s" | "velocity" | "rate", Tensor> & { gradients: Tensor[] }) => {
      const terms = distances[given.distance](gradients, gradientOf(images, s));
      const loss = terms.reduce((sum, term) => sum.add(term));
      const [gradient] = grad(loss, [s]);
      const next = sgd(s, velocity, gradient, rate, { momentum: given.imageMomentum, weightDecay: 0 });
      return { s: next.parameter, velocity: next.velocity, loss, layers: stack(terms), norm: gradient.norm() };
    },
  );

  const join = defineProgram("matching-join", ({ pieces: [first, ...others] }: { pieces: Tensor[] }) => ({
    s: first.concat(others, 0),
  }));

  /** One step of plain gradient descent on some of the synthetic images. */
  const train = defineProgram(
    "matching-train",
    (given: {
      student: Student<TensorTree>;
      s: Tensor;
      indices: Tensor;
      targets: Tensor;
      w?: AugmentationTensors;
      rate: Tensor;
    }) => {
      const { theta, buffers } = given.student;
      const images = view(given.s.gather(given.indices), given.w);
      const result = net.apply(theta, buffers, images, { mode: "train" });
      const parameters = tensorsOf(theta);
      const moved = grad(crossEntropy(result.logits, given.targets), parameters).map((gradient, at) =>
        parameters[at].sub(gradient.mul(given.rate)),
      );
      return { theta: withTensors(theta, moved), buffers: result.buffers };
    },
  );

  const summarise = defineProgram(
    "matching-summary",
    ({ losses, layers, norms }: Record<"losses" | "layers" | "norms", Tensor[]>) => ({
      // As the official log has it: D divided by the number of classes.
      loss: stack(losses).mean(),
      gradientNorm: stack(norms).norm(),
      lossByClass: stack(losses),
      lossByLayer: layers.reduce((sum, each) => sum.add(each)).mul(1 / layers.length),
    }),
  );

  return { observe, deriveReal, match, join, train, summarise };
}

function stack(scalars: readonly Tensor[]): Tensor {
  const [first, ...others] = scalars.map((each) => each.reshape([1]));
  return first.concat(others, 0);
}

/** DSA; with an empty strategy, DC. */
function matchGradients(context: MethodContext, settings: Settings): StartedMethod<MatchingState> {
  const { runtime, real, net, ipc, strategy, key, signal } = context;
  const { outerLoops, innerLoops, realBatch, trainBatch } = settings;
  const [, height, width] = real.imageShape;
  const labels = real.classNames.map((_, label) => label);
  const size = labels.length * ipc;
  const { observe, deriveReal, match, join, train, summarise } = createMatchingPrograms(net, settings);
  const imageRate = { shape: [], data: Float32Array.of(settings.imageLearningRate) };
  const networkRate = { shape: [], data: Float32Array.of(settings.networkLearningRate) };

  /** One operation, with a set of parameters for each of `sets` equal parts of the images. */
  const drawViews = (at: Key, sets: number): readonly Augmentation[] =>
    strategy.length === 0 ? [] : drawAugmentation(at, strategy, sets, height, width);
  const pack = (drawn: readonly Augmentation[], isDifferentiable: boolean) =>
    drawn.length === 0 ? {} : { w: packAugmentations(drawn, height, width, isDifferentiable) };
  const oneHot = (rows: readonly number[]): HostArray => {
    const data = new Float32Array(rows.length * labels.length);
    rows.forEach((label, row) => {
      data[row * labels.length + label] = 1;
    });
    return { shape: [rows.length, labels.length], data };
  };

  return {
    init: async () => ({ step: 0, ...(await beginPieces(context, cutClasses(labels.length, 1))), student: [] }),

    step: async (state) => {
      const at = deriveKey(key, "step", state.step);
      const isLast = (state.step + 1) % outerLoops === 0;
      const scope = new Scope(runtime, signal);
      try {
        let [student] = state.student;
        student ??= scope.hold(runtime.upload({ theta: net.params(deriveKey(at, "net")), buffers: net.buffers() }));

        if (hasStatistics(student)) {
          const rows = labels.flatMap((c) => sampleClass(real, c, STATISTICS_BATCH, deriveKey(at, "statistics", c)));
          const { buffers } = await scope.run(observe, { student, x: await real.images(rows) });
          scope.free(student.buffers);
          student = { ...student, buffers };
        }

        const moved: Results<ReturnType<typeof match.trace>>[] = [];
        for (const c of labels) {
          // Siamese: the real and the synthetic images of a class are seen under one operation with one set of parameters.
          const drawn = drawViews(deriveKey(at, "augment", c), 1);
          const label = oneHot([c]);
          const x = await drawClass(real, c, realBatch, deriveKey(at, "real", c));
          const { gradients } = await scope.run(deriveReal, { student, x, label, ...pack(drawn, false) });
          const [s, velocity] = [state.images[c], state.velocities[c]];
          const given = { student, s, velocity, gradients, label, rate: imageRate, ...pack(drawn, true) };
          moved.push(await scope.run(match, given));
          scope.free(gradients);
        }
        const images = moved.map(({ s }) => s);
        const velocities = moved.map(({ velocity }) => velocity);
        const [losses, layers, norms] = [
          moved.map(({ loss }) => loss),
          moved.map((each) => each.layers),
          moved.map(({ norm }) => norm),
        ];
        const { loss, gradientNorm, ...details } = await scope.run(summarise, { losses, layers, norms });
        scope.free([losses, layers, norms]);

        if (!isLast) {
          const { s } = await scope.run(join, { pieces: images });
          for (let epoch = 0; epoch < innerLoops; epoch++) {
            const order = permutation(deriveKey(at, "order", epoch), size);
            for (let from = 0; from < size; from += trainBatch) {
              const indices = order.slice(from, from + trainBatch);
              // Here each image is seen under parameters of its own.
              const drawn = drawViews(deriveKey(at, "train", epoch, from), indices.length);
              const trained = await scope.run(train, {
                student,
                s,
                indices: { shape: [indices.length], data: indices },
                targets: oneHot(Array.from(indices, (index) => Math.floor(index / ipc))),
                rate: networkRate,
                ...pack(drawn, false),
              });
              scope.free(student);
              student = trained;
            }
          }
          scope.free(s);
        } else scope.free(student);

        return {
          state: { step: state.step + 1, images, velocities, student: isLast ? [] : [student] },
          metrics: { loss, gradientNorm },
          details,
        };
      } catch (error) {
        scope.freeAll();
        throw error;
      }
    },
  };
}

/** Whether there is batch norm, whose statistics are taken from real images before each matching, which then leaves them as they are. */
function hasStatistics({ buffers }: Student<ValueTree>): boolean {
  return flattenTree(buffers as never, isValue).length > 0;
}

/** The values that a step makes. It frees none but its own, and all of them where it is left early. */
class Scope {
  readonly #runtime: Runtime;
  readonly #signal: AbortSignal | undefined;
  readonly #made = new Set<Value>();

  constructor(runtime: Runtime, signal: AbortSignal | undefined) {
    this.#runtime = runtime;
    this.#signal = signal;
  }

  hold<T extends object>(tree: T): T {
    for (const { leaf } of flattenTree(tree as never, isValue)) this.#made.add(leaf);
    return tree;
  }

  /** Runs a program, unless the run is to stop. */
  async run<In extends object, Out extends object>(program: Program<In, Out>, given: Arguments<In>) {
    this.#signal?.throwIfAborted();
    return this.hold(await this.#runtime.run(program, given));
  }

  free(tree: object): void {
    const own = flattenTree(tree as never, isValue).filter(({ leaf }) => this.#made.delete(leaf));
    this.#runtime.free(own.map(({ leaf }) => leaf));
  }

  freeAll(): void {
    this.#runtime.free([...this.#made]);
  }
}
