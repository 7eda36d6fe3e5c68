// DC: dataset condensation with gradient matching (Zhao, Mopuri & Bilen, ICLR 2021).
// min_S E_{theta_0} sum_t sum_c D(grad l(S_c; theta_t), grad l(X_c; theta_t)), theta_t trained on S itself.
import { z } from "zod";
import { gradientMatching, matchingSettings } from "./gradient-matching.ts";
import { defineMethod } from "./method.ts";

export const dc = defineMethod({
  ...gradientMatching,
  id: "dc",
  title: "Gradient matching",
  summary:
    "Moves the synthetic images of each class until they give a network the same gradients as the real ones, at its start and while it learns from them. Without augmentation.",
  paper: {
    title: "Dataset Condensation with Gradient Matching",
    authors: "Bo Zhao, Konda Reddy Mopuri, Hakan Bilen",
    venue: "ICLR 2021",
    url: "https://arxiv.org/abs/2006.05929",
  },
  options: z.strictObject({ id: z.literal("dc"), ...matchingSettings }),
  // The recipe's strategy is the evaluation's.
  start: (context, options) => gradientMatching.start({ ...context, strategy: [] }, options),
});
