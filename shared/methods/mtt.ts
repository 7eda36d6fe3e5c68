// MTT: dataset distillation by matching training trajectories (Cazenavette et al., CVPR 2022).
// min_{S, alpha} |theta_K - theta*_{t+M}|^2 / |theta*_t - theta*_{t+M}|^2, where theta_0 = theta*_t lies on an expert's path and
// theta_{k+1} = theta_k - alpha grad CE(A_k(S_{b_k}); theta_k). The gradient is that of the whole unroll.
import { z } from "zod";
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

export const mtt = defineMethod({
  id: "mtt",
  title: "Matching training trajectories",
  summary:
    "Moves the synthetic images until a network that learns a few steps from them ends where experts came to in whole epochs of real images. Accurate, and costly: the experts are trained first.",
  paper: {
    title: "Dataset Distillation by Matching Training Trajectories",
    authors: "George Cazenavette, Tongzhou Wang, Antonio Torralba, Alexei A. Efros, Jun-Yan Zhu",
    venue: "CVPR 2022",
    url: "https://arxiv.org/abs/2203.11932",
  },
  options: z.strictObject({ id: z.literal("mtt"), ...trajectoryOptions }),
  steps: ({ steps }) => steps,
  // Of each image: 3 on the way out; on the way back the gradient again, and its derivative to pixels and parameters.
  forwardsPerStep: (options, size) => 12 * studentImages(options, size),
  experts: expertsOf,
  curves: trajectoryCurves,
  learned: learnedRate,
  rateName: "method.imageLearningRate",
  memoryNames: ["method.studentBatch"],

  start: (context, options) => {
    const { runtime } = context;
    const student = createStudent(context, options, { frozen: false });
    return {
      init: student.init,
      step: async (state: TrajectoryState) => {
        const course = await student.drawCourse(state.step);
        const labels = runtime.backend.upload(student.labels);
        try {
          const followed = await student.follow(state, labels, course);
          return await student.learn(state, followed, course);
        } finally {
          student.leave(course);
          runtime.free(labels);
        }
      },
    };
  },
});
