// DSA: dataset condensation with differentiable siamese augmentation (Zhao & Bilen, ICML 2021).
// min_S E_{theta_0, w} sum_t sum_c D(grad l(A_w(S_c); theta_t), grad l(A_w(X_c); theta_t)): DC under a shared augmentation A_w,
// through which the gradient flows into S.
import { z } from "zod";
import { gradientMatching, matchingSettings } from "./gradient-matching.ts";
import { defineMethod } from "./method.ts";

export const dsa = defineMethod({
  ...gradientMatching,
  id: "dsa",
  title: "Gradient matching with siamese augmentation",
  summary:
    "Gradient matching that sees the real and the synthetic images of a class under the same augmentation, drawn anew for each class and step. The images then serve networks that are trained with augmentation.",
  paper: {
    title: "Dataset Condensation with Differentiable Siamese Augmentation",
    authors: "Bo Zhao, Hakan Bilen",
    venue: "ICML 2021",
    url: "https://arxiv.org/abs/2102.08259",
  },
  options: z.strictObject({ id: z.literal("dsa"), ...matchingSettings }),
});
