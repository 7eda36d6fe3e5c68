// The recipe: every setting of an experiment. A run folder holds the resolved one, which is enough to run it again.
import { z } from "zod";
import { selectionIds } from "../data/selection/index.ts";
import { protocolIds } from "../evaluation/protocols.ts";
import { methodOptions } from "../methods/index.ts";
import { strategy } from "../nn/augment/index.ts";
import { networkNames, networkOptions } from "../nn/nets/index.ts";

/** A name given twice would train the same networks twice and count them as further trials. */
const eachOnce = (names: readonly string[]) => new Set(names).size === names.length;
const once = { error: "each may be named once only" };

export const evaluationOptions = z.strictObject({
  protocol: z.enum(protocolIds).describe("How a fresh network is trained on a set; named after the paper that uses it"),
  nets: z
    .array(z.string().meta({ examples: networkNames }))
    .min(1)
    .refine(eachOnce, once)
    .describe(
      "Networks to train, such as convnet-3, convnet-3-w64 with a width of its own, or vgg11-bn with batch norm",
    ),
  trials: z.int().min(1).max(100).describe("Fresh networks per set"),
  epochs: z.int().min(0).max(100_000).describe("Epochs of training; the papers' loops run one more"),
  baselines: z
    .array(z.enum(["random", ...selectionIds, "whole"]))
    .refine(eachOnce, once)
    .describe(
      "Sets to compare with: random real images, a new draw each trial; images chosen by features; all that was distilled",
    ),
  everySteps: z
    .int()
    .min(0)
    .default(0)
    .describe("Steps between two evaluations on the held-out images, of one network each; 0 is never"),
  validation: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe("Part of each class's training images held out of the distillation, which the best step is chosen on"),
});

/** Where synthetic images may begin, by name. */
export const initNames = ["real", "noise", ...selectionIds] as const;

const init = z
  .union([z.enum(initNames), z.strictObject({ set: z.string().min(1) })], {
    error: `expected one of ${initNames.join(", ")}, or an earlier set: { "set": a run or a distilled.safetensors }`,
  })
  .describe("Where the synthetic images begin: drawn or chosen real ones, noise, or an earlier set");

const selectionOptions = z.strictObject({
  epochs: z
    .int()
    .min(1)
    .max(10_000)
    .default(20)
    .describe("Epochs on the whole set of the network whose features herding, k-center and k-means go by"),
  features: z
    .enum(["raw", "unit"])
    .default("raw")
    .describe("Features as they are, or each image's divided by its length"),
  seed: z.int().min(0).default(0).describe("Root of these draws; runs with equal settings share what is chosen"),
});

export const recipeSchema = z.strictObject({
  version: z.literal(1),
  dataset: z.strictObject({
    size: z.int().min(4).max(1024).describe("Side of the square images in pixels"),
    channels: z.union([z.literal(1), z.literal(3)]).describe("1 for grey, 3 for colour"),
    normalise: z
      .enum(["standard", "zca"])
      .describe("standard: each channel to zero mean and unit deviation of the training images; zca: whitened by them"),
  }),
  ipc: z.int().min(1).max(5000).describe("Synthetic images per class"),
  init,
  seed: z.int().min(0).describe("Root of every random draw"),
  network: networkOptions,
  augmentation: z.strictObject({ strategy }),
  selection: selectionOptions.prefault({}),
  method: methodOptions,
  evaluation: evaluationOptions,
  record: z.strictObject({
    previewEverySteps: z.int().min(1).describe("Steps between two pictures of the images"),
    checkpointEverySteps: z.int().min(1).describe("Steps between two checkpoints; a crash loses at most these"),
  }),
});

export type Recipe = z.output<typeof recipeSchema>;
