// What methods that match expert trajectories share: their settings, what they draw, the student that follows an expert, and the
// careful step of what it learns from (Cazenavette et al., CVPR 2022).
import { z } from "zod";
import { oneHot } from "../data/image-set.ts";
import {
  defineProgram,
  type HostArray,
  type HostTree,
  type Tensor,
  type TensorTree,
  type Value,
  type ValueTree,
} from "../engine/index.ts";
import { deriveKey, integers, type Key, permutation } from "../lib/random.ts";
import { type AugmentationTensors, augment, drawAugmentation, packAugmentations } from "../nn/augment/index.ts";
import { flattenParameters } from "../nn/flat-parameters.ts";
import { crossEntropy } from "../nn/losses.ts";
import { type Net, noBuffers } from "../nn/net.ts";
import { sgd } from "../nn/optimizers.ts";
import { createUnroll, trajectoryLoss } from "../nn/unroll.ts";
import { type ExpertTraining, expertOptions } from "./experts.ts";
import { initImages } from "./init-images.ts";
import type { Curve, Learned, MethodContext, MethodSize, MethodState, SavedState, StepResult } from "./method.ts";

const rate = (description: string) => z.number().positive().describe(description);
const momentum = (of: string) => z.number().min(0).lt(1).default(0.5).describe(`Momentum of ${of}`);

/** The defaults are those of the official code; each case of the papers has its own. */
export const trajectoryOptions = {
  steps: z.int().min(0).max(1_000_000).default(5000).describe("Outer steps; each follows one expert for a while"),
  innerSteps: z.int().min(1).max(1000).default(20).describe("Steps that the student takes on the synthetic images (K)"),
  expertEpochs: z.int().min(1).max(100).default(3).describe("Epochs of the expert that these are to reach (M)"),
  maxStart: z.int().min(1).max(1000).default(25).describe("The student starts at one of the epochs below this"),
  studentBatch: z
    .int()
    .min(0)
    .max(100_000)
    .default(0)
    .describe("Synthetic images of one student step at most; 0 for all"),
  imageLearningRate: rate("Step size on the synthetic images; large, since their gradient is small").default(1000),
  imageMomentum: momentum("the synthetic images"),
  initialRate: rate(
    "The student's step size at the beginning, halved at each step left out while most are; it is learned",
  ).default(0.01),
  rateLearningRate: z.number().min(0).default(1e-5).describe("Step size on the student's step size; 0 keeps it"),
  rateMomentum: momentum("the student's step size"),
  maxLoss: rate("Steps with a loss above it are left out: they lead away").default(1.1),
  maxSkipped: z.int().min(1).max(10_000).default(50).describe("So many steps left out in a row end the run"),
  experts: expertOptions.prefault({}).describe("How the experts are trained; runs with equal settings share them"),
};
const schema = z.object(trajectoryOptions);
export type TrajectoryOptions = z.output<typeof schema>;

export interface TrajectoryState extends MethodState {
  readonly velocity: Value;
  /** The student's step size, and its velocity. */
  readonly rate: number;
  readonly rateVelocity: number;
  /** Steps left out, of all and in a row. */
  readonly skipped: number;
  readonly skippedInRow: number;
}

/** Below it the student would stand still, or climb. */
const LEAST_RATE = 1e-6;

/** Only epochs that are read are trained: a start below `maxStart`, and its target. */
export const expertsOf = ({ experts, maxStart, expertEpochs }: TrajectoryOptions): ExpertTraining => ({
  ...experts,
  epochs: maxStart - 1 + expertEpochs,
});

/** Synthetic images of a student step: no more than there are. */
const batchOf = ({ studentBatch }: Pick<TrajectoryOptions, "studentBatch">, count: number) =>
  Math.min(studentBatch || count, count);

/** Images that the student sees in one outer step. */
export const studentImages = (options: TrajectoryOptions, { classes, ipc }: MethodSize): number =>
  options.innerSteps * batchOf(options, classes * ipc);

export const trajectoryCurves: readonly Curve[] = [
  { id: "learningRate", title: "Learned step size", isLogarithmic: true },
  { id: "gradientNorm", title: "Norm of the pixels' gradient", isLogarithmic: true },
  { id: "startEpoch", title: "Epoch that the student started from" },
  { id: "skipped", title: "Steps left out so far" },
  { id: "skippedLoss", title: "Matching loss of the steps left out" },
  { id: "distance", title: "Distance to the target", over: "inner step" },
];

/** The step size is part of the set: networks are evaluated with it. */
export const learnedRate = (state: SavedState): Learned => ({
  extra: { learning_rate: { shape: [], data: Float32Array.of(state.rate as number) } },
});

/** The expert of a step, the next of a list that is shuffled anew after each round, and the epoch that the student starts from. */
export function drawStart(
  key: Key,
  step: number,
  experts: number,
  maxStart: number,
): { expert: number; epoch: number } {
  const round = Math.floor(step / experts);
  const expert = permutation(deriveKey(key, "experts", round), experts)[step % experts];
  const [epoch] = integers(deriveKey(key, "step", step, "start"), 1, maxStart);
  return { expert, epoch };
}

/**
 * The images of each student step: all of them shuffled and cut into chunks, which are taken from the end, the short one first;
 * shuffled anew where none is left.
 */
export function drawChunks(key: Key, steps: number, images: number, size: number): Int32Array[] {
  let queue: Int32Array[] = [];
  return Array.from({ length: steps }, (_, step) => {
    if (queue.length === 0) {
      const order = permutation(deriveKey(key, step), images);
      queue = Array.from({ length: Math.ceil(images / size) }, (_, at) => order.subarray(at * size, (at + 1) * size));
    }
    return queue.pop() as Int32Array;
  });
}

interface Outer {
  readonly images: Tensor;
}
interface StudentStep {
  /** Which images, [size]. */
  readonly chunk: Tensor;
  /** Of all images, [images, classes]. */
  readonly labels: Tensor;
  readonly w?: AugmentationTensors;
}
interface Course {
  readonly start: TensorTree;
  readonly target: TensorTree;
}

/** The maths of one outer step: the student's unroll, the move of the images, and where the student is on its way. */
export function createTrajectoryPrograms(net: Net, given: { imageMomentum: number; frozen: boolean }) {
  const unroll = createUnroll<Outer, StudentStep, Course>({
    name: given.frozen ? "tesla" : "mtt",
    frozen: given.frozen,
    loss: (theta, { images }, { chunk, labels, w }) => {
      // Taken by index, so that an image of two chunks adds both gradients.
      const x = images.gather(chunk);
      const seen = w ? augment(x, w) : x;
      const { logits } = net.apply(theta, noBuffers, seen, { mode: "train" });
      return crossEntropy(logits, labels.gather(chunk));
    },
    judge: trajectoryLoss,
  });

  const move = defineProgram(
    "trajectory-move",
    ({ s, velocity, gradient, rate }: { s: Tensor; velocity: Tensor; gradient: Tensor; rate: Tensor }) => {
      const next = sgd(s, velocity, gradient, rate, { momentum: given.imageMomentum, weightDecay: 0 });
      return { s: next.parameter, velocity: next.velocity, norm: gradient.norm() };
    },
  );

  // Row k of `seen` [k, 3] becomes |theta - target| / |start - target| and the coordinates of theta in the expert's plane.
  const locate = defineProgram(
    "trajectory-locate",
    (at: { theta: TensorTree; course: Course; axes: Tensor; origin: Tensor; row: Tensor; seen: Tensor }) => {
      const distance = trajectoryLoss(at.theta, at.course).sqrt().reshape([1]);
      const flat = flattenParameters(at.theta).reshape([1, at.axes.shape[1]]);
      const point = flat.matmul(at.axes, { transposeB: true }).reshape([2]).sub(at.origin);
      const here = distance.concat([point], 0).reshape([1, 3]);
      return { seen: at.seen.add(at.row.reshape([at.row.size, 1]).mul(here)) };
    },
    { donate: ["seen"] },
  );

  return { unroll, move, locate };
}

/** alpha after a step of SGD, kept positive: the official code does not, and a negative one climbs. */
export function moveRate(
  { rate, rateVelocity }: Pick<TrajectoryState, "rate" | "rateVelocity">,
  gradient: number,
  { rateLearningRate, rateMomentum }: Pick<TrajectoryOptions, "rateLearningRate" | "rateMomentum">,
) {
  const velocity = rateMomentum * rateVelocity + gradient;
  return { rate: Math.max(rate - rateLearningRate * velocity, LEAST_RATE), rateVelocity: velocity };
}

/** An outer step's start and target, on the backend. */
interface DrawnCourse {
  readonly expert: number;
  readonly epoch: number;
  readonly start: ValueTree;
  readonly target: ValueTree;
}

/** Where the student ended, what would have brought it nearer, and how it went. */
interface Followed {
  readonly loss: number;
  readonly gradient: Value;
  readonly rateGradient: number;
  readonly details: Readonly<Record<string, readonly number[]>>;
}

/** The student of one run, which follows the experts of its context. */
export function createStudent(context: MethodContext, options: TrajectoryOptions, { frozen }: { frozen: boolean }) {
  const { runtime, real, net, ipc, key, strategy, signal } = context;
  const { innerSteps, expertEpochs, maxStart } = options;
  const experts = context.experts;
  if (!experts) throw new Error("Internal error: trajectories are matched with experts in the context");
  const [, height, width] = real.imageShape;
  const classes = real.classNames.length;
  const count = classes * ipc;
  const { unroll, move, locate } = createTrajectoryPrograms(net, { imageMomentum: options.imageMomentum, frozen });
  const scalar = (value: number): HostArray => ({ shape: [], data: Float64Array.of(value) });
  const copy = async (value: Value) => runtime.backend.upload({ shape: value.shape, data: await runtime.read(value) });

  /** Locates a path of `length` points one by one. */
  const createTracker = async ({ expert, start, target }: DrawnCourse, length: number) => {
    const { axes, origin, path } = await experts.plane(expert);
    const plane = runtime.upload({ axes, origin });
    let seen = runtime.backend.upload({ shape: [length, 3], data: new Float32Array(3 * length) });
    return {
      expertPath: path,
      add: async (theta: ValueTree | HostTree, at: number) => {
        const row = { shape: [length], data: Float32Array.from({ length }, (_, k) => (k === at ? 1 : 0)) };
        ({ seen } = await runtime.run(locate, { theta, course: { start, target }, ...plane, row, seen }));
      },
      read: async () => {
        const rows = await runtime.read(seen);
        const column = (at: number) => Array.from({ length }, (_, k) => rows[3 * k + at]);
        return { distance: column(0), path: column(1).flatMap((x, k) => [x, rows[3 * k + 2]]) };
      },
      free: () => runtime.free([plane, seen]),
    };
  };

  return {
    /** One-hot, by the order of the classes. */
    labels: oneHot(
      Int32Array.from({ length: count }, (_, image) => Math.floor(image / ipc)),
      classes,
    ),

    init: async (): Promise<TrajectoryState> => {
      const images = await initImages(context, 0, classes);
      const velocity = { shape: images.shape, data: new Float32Array(images.data.length) };
      const [s, v] = [images, velocity].map((array) => runtime.backend.upload(array));
      return {
        step: 0,
        images: [s],
        velocity: v,
        ...{ rate: options.initialRate, rateVelocity: 0, skipped: 0, skippedInRow: 0 },
      };
    },

    /** The caller frees it with `leave`. */
    drawCourse: async (step: number): Promise<DrawnCourse> => {
      const { expert, epoch } = drawStart(key, step, experts.count, maxStart);
      const [start, target] = [
        await experts.snapshot(expert, epoch),
        await experts.snapshot(expert, epoch + expertEpochs),
      ].map((snapshot) => runtime.upload(snapshot) as ValueTree);
      return { expert, epoch, start, target };
    },

    leave: ({ start, target }: DrawnCourse): void => runtime.free([start, target]),

    /** K steps of SGD from the start on chunks of augmented images, and the gradient of how far they end from the target. */
    follow: async ({ step, images, rate }: TrajectoryState, labels: Value, course: DrawnCourse): Promise<Followed> => {
      const at = deriveKey(key, "step", step);
      const { expert, epoch, start, target } = course;
      const chunks = drawChunks(deriveKey(at, "chunks"), innerSteps, count, batchOf(options, count));
      const stepAt = (k: number, way: "out" | "back") => {
        const chunk = chunks[k];
        // Drawn again on the way back, which costs less than to keep them all.
        const drawn = drawAugmentation(deriveKey(at, "augment", k), strategy, chunk.length, height, width);
        return {
          chunk: { shape: [chunk.length], data: chunk },
          labels,
          ...(strategy.length > 0 ? { w: packAugmentations(drawn, height, width, way === "back") } : {}),
        };
      };
      const alpha = runtime.backend.upload(scalar(rate));
      const student = await createTracker(course, innerSteps + 1);
      const own = await createTracker(course, expertEpochs + 1);
      try {
        await student.add(start, 0);
        const result = await unroll(runtime, {
          theta: start,
          outer: { images: images[0] },
          steps: { length: innerSteps, at: stepAt },
          rate: alpha,
          goal: { start, target },
          signal,
          watch: student.add,
        });
        for (let e = 0; e <= expertEpochs; e++) await own.add(await experts.snapshot(expert, epoch + e), e);
        // Asked for together, so that the device is waited for once.
        const [{ distance, path }, { distance: expertDistance }, loss, rateGradient] = await Promise.all([
          student.read(),
          own.read(),
          runtime.take(result.loss),
          runtime.take(result.rate),
        ]);
        const { expertPath } = student;
        const where = [expert, epoch, epoch + expertEpochs];
        const details = { distance, path, expertDistance, expertPath, where };
        const { images: gradient } = result.outer as unknown as { images: Value };
        return { loss, gradient, rateGradient, details };
      } finally {
        student.free();
        own.free();
        runtime.free(alpha);
      }
    },

    /** The next state: moved against the gradient, or the same where the step would lead away. */
    learn: async (
      state: TrajectoryState,
      { loss, gradient, rateGradient, details }: Followed,
      { epoch }: DrawnCourse,
    ): Promise<StepResult<TrajectoryState>> => {
      const { step, images, velocity } = state;
      const moved = await runtime.run(move, {
        s: images[0],
        velocity,
        gradient,
        rate: scalar(options.imageLearningRate),
      });
      runtime.free(gradient);
      const gradientNorm = await runtime.take(moved.norm);
      const startEpoch = epoch;
      if ([loss, rateGradient, gradientNorm].every(Number.isFinite) && loss <= options.maxLoss) {
        const { rate, rateVelocity } = moveRate(state, rateGradient, options);
        return {
          state: {
            ...{ ...state, step: step + 1, images: [moved.s], velocity: moved.velocity },
            ...{ rate, rateVelocity, skippedInRow: 0 },
          },
          metrics: { loss, learningRate: rate, gradientNorm, startEpoch, skipped: state.skipped },
          details,
        };
      }
      runtime.free([moved.s, moved.velocity]);
      const [skipped, skippedInRow] = [state.skipped + 1, state.skippedInRow + 1];
      // Where most steps lead away, the step size is too large for these experts: it would never be learned.
      const rate = 2 * skipped > step + 1 ? Math.max(state.rate / 2, LEAST_RATE) : state.rate;
      return {
        state: {
          ...{ ...state, step: step + 1, images: [await copy(images[0])], velocity: await copy(velocity) },
          ...{ rate, skipped, skippedInRow },
        },
        metrics: { learningRate: rate, startEpoch, skipped, ...(Number.isFinite(loss) && { skippedLoss: loss }) },
        ...(skippedInRow >= options.maxSkipped && {
          problem:
            `${skippedInRow} steps in a row were left out, the last with a loss of ${loss.toPrecision(3)}: ` +
            "the student does not come nearer to the experts",
        }),
      };
    },
  };
}
