// ConvNet-D, the distillation network of the field (Gidaris & Komodakis, 2018; Zhao et al., 2021):
// D blocks of convolution 3x3, norm, activation and pooling 2x2, then one linear layer.
import { z } from "zod";
import { UserError } from "../../lib/user-error.ts";
import type { NetInput } from "../net.ts";
import { defineFamily } from "./family.ts";
import { type Activation, activations, GROUPS, norms, type Pool, pools } from "./layers.ts";
import { nameOf } from "./names.ts";
import { createStack } from "./stack.ts";

const options = z.strictObject({
  id: z.literal("convnet").describe("ConvNet-D of the dataset-condensation papers"),
  depth: z.int().min(1).max(8).describe("Blocks; each halves the sides. 3 for 28 and 32 pixels, 4 for 64, 5 for 128"),
  width: z.int().min(1).max(1024).default(128).describe("Channels of every block"),
  norm: z.enum(norms).default("instance").describe(`Normalisation inside each block; group takes ${GROUPS} groups`),
  activation: z
    .enum(Object.keys(activations) as [Activation])
    .default("relu")
    .describe("What follows the normalisation; leakyrelu has a slope of 0.01"),
  pool: z
    .enum(Object.keys(pools) as [Pool])
    .default("avg")
    .describe("Pooling 2x2 at the end of each block; none keeps the sides"),
});

/** Kernel 3, padding 1; the first block of a one-channel net pads by 3, so that 28 pixels run as 32. */
function paddingOf(block: number, channels: number): number {
  return block === 0 && channels === 1 ? 3 : 1;
}

/** The most blocks that leave a pixel: the first may pad more than it takes. */
function deepestFor({ channels, height, width }: NetInput): number {
  return Math.floor(Math.log2(Math.min(height, width) + 2 * paddingOf(0, channels) - 2));
}

export const convnet = defineFamily(options, (given, input) => {
  const { depth, width, norm, activation, pool } = given;
  const deepest = deepestFor(input);
  if (pool !== "none" && depth > deepest) {
    throw new UserError(
      "net-too-deep",
      `network.depth: ${depth} blocks halve ${input.height}x${input.width} pixels to nothing.`,
      deepest > 0 ? `Use a depth of at most ${deepest}, or larger images.` : "Use larger images.",
    );
  }
  if (norm === "group" && width % GROUPS !== 0) {
    throw new UserError(
      "net-groups",
      `network.width: ${GROUPS} groups do not divide ${width} channels.`,
      `Use a multiple of ${GROUPS}, or another norm.`,
    );
  }
  const blocks = Array.from({ length: depth }, (_, block) => ({
    width,
    kernel: 3,
    padding: paddingOf(block, input.channels),
    pool,
  }));
  return createStack({ id: nameOf(given), width, blocks, hidden: [], norm, activation }, input);
});

export const createConvNet = convnet.create;
