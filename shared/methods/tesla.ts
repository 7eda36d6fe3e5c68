// TESLA: trajectory matching with constant memory and soft label assignment (Cui et al., ICML 2023).
// MTT's objective, with its gradient taken as if no step moved the parameters that later steps start from:
// dL/dS = 2/d sum_k d<v, g_k>/dS with v = -alpha (theta_K - theta*), d = |theta_0 - theta*|^2. The official code leaves out the 2,
// so that its step sizes on the images are twice ours.
import { z } from "zod";
import { defineProgram, type HostArray, type Tensor, type TensorTree, type Value } from "../engine/index.ts";
import { type Net, noBuffers } from "../nn/net.ts";
import { defineMethod } from "./method.ts";
import {
  createStudent,
  expertsOf,
  learnedRate,
  studentImages,
  type TrajectoryState,
  trajectoryCurves,
  trajectoryOptions,
} from "./trajectory.ts";

interface TeslaState extends TrajectoryState {
  /** [images, classes] where they are soft, else none. */
  readonly labels: readonly Value[];
}

/** Labels as the expert sees the images: softmax(net(S; theta*)), [images, classes]. */
export const createLabelling = (net: Net) =>
  defineProgram("tesla-labels", ({ theta, s }: { theta: TensorTree; s: Tensor }) => ({
    labels: net.apply(theta, noBuffers, s, { mode: "train" }).logits.logSoftmax().exp(),
  }));

export const tesla = defineMethod({
  id: "tesla",
  title: "Trajectory matching with constant memory",
  summary:
    "Matches expert trajectories like MTT, with a cheaper gradient that leaves out how a step's images move the later steps. Labels may be what the expert says of the images, for many classes.",
  paper: {
    title: "Scaling Up Dataset Distillation to ImageNet-1K with Constant Memory",
    authors: "Justin Cui, Ruochen Wang, Si Si, Cho-Jui Hsieh",
    venue: "ICML 2023",
    url: "https://arxiv.org/abs/2211.10586",
  },
  options: z.strictObject({
    id: z.literal("tesla"),
    ...trajectoryOptions,
    steps: trajectoryOptions.steps.unwrap().default(10_000),
    imageLearningRate: trajectoryOptions.imageLearningRate
      .unwrap()
      .default(500)
      .describe("Step size on the synthetic images, of the true gradient: half of the official code's"),
    softLabels: z.boolean().default(false).describe("Whether labels are what the target expert says of the images"),
  }),
  steps: ({ steps }) => steps,
  // Of each image: 3 on the way out; on the way back the gradient again, and its derivative to the pixels.
  forwardsPerStep: (options, size) => 10 * studentImages(options, size),
  experts: expertsOf,
  curves: trajectoryCurves,
  learned: (state) => {
    const [soft] = state.labels as HostArray[];
    const labels = soft && { labels: { kind: "soft" as const, values: Float32Array.from(soft.data) } };
    return { ...learnedRate(state), ...labels };
  },
  rateName: "method.imageLearningRate",
  memoryNames: ["method.studentBatch"],

  start: (context, options) => {
    const { runtime, net } = context;
    const student = createStudent(context, options, { frozen: true });
    const labelling = createLabelling(net);
    return {
      init: async (): Promise<TeslaState> => ({
        ...(await student.init()),
        labels: options.softLabels ? [runtime.backend.upload(student.labels)] : [],
      }),
      step: async (state: TeslaState) => {
        const course = await student.drawCourse(state.step);
        const { labels } = options.softLabels
          ? await runtime.run(labelling, { theta: course.target, s: state.images[0] })
          : { labels: runtime.backend.upload(student.labels) };
        let kept: Value[] = [];
        try {
          const followed = await student.follow(state, labels, course);
          const learned = await student.learn(state, followed, course);
          if (options.softLabels) kept = [labels];
          return { ...learned, state: { ...learned.state, labels: kept } };
        } finally {
          student.leave(course);
          if (kept.length === 0) runtime.free(labels);
        }
      },
    };
  },
});
