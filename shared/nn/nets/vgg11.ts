// VGG-11 (Simonyan & Zisserman, 2015) with a norm behind each convolution and one linear layer, as the cross-architecture tables have it.
import { z } from "zod";
import { defineFamily, widthOption } from "./family.ts";
import { nameOf } from "./names.ts";
import { createStack } from "./stack.ts";

const options = z.strictObject({
  id: z.literal("vgg11").describe("VGG-11 with one linear layer"),
  width: widthOption(64),
  norm: z.enum(["instance", "batch"]).default("instance").describe("Normalisation behind each convolution"),
});

/** Channels of each convolution in widths, and whether a max pooling follows it. */
const CONVOLUTIONS = [
  [1, true],
  [2, true],
  [4, false],
  [4, true],
  [8, false],
  [8, true],
  [8, false],
  [8, true],
] as const;

export const vgg11 = defineFamily(options, (given, input) => {
  const { width, norm } = given;
  const blocks = CONVOLUTIONS.map(([widths, isPooled], at) => ({
    width: widths * width,
    kernel: 3,
    padding: at === 0 && input.channels === 1 ? 3 : 1,
    pool: isPooled ? ("max" as const) : ("none" as const),
  }));
  return createStack({ id: nameOf(given), width, blocks, hidden: [], norm, activation: "relu" }, input);
});
