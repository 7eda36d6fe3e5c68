// AlexNet (Krizhevsky et al., 2012) for small images, as the cross-architecture tables have it: five convolutions, one linear layer.
import { z } from "zod";
import { defineFamily, widthOption } from "./family.ts";
import { nameOf } from "./names.ts";
import { createStack } from "./stack.ts";

const options = z.strictObject({
  id: z.literal("alexnet").describe("AlexNet for small images"),
  width: widthOption(128),
  norm: z.enum(["none", "batch"]).default("none").describe("Normalisation behind each convolution"),
});

export const alexnet = defineFamily(options, (given, input) => {
  const { width, norm } = given;
  const wide = Math.round(1.5 * width);
  const blocks = [
    { width, kernel: 5, padding: input.channels === 1 ? 4 : 2, pool: "max" as const },
    { width: wide, kernel: 5, padding: 2, pool: "max" as const },
    { width: 2 * width, kernel: 3, padding: 1, pool: "none" as const },
    { width: wide, kernel: 3, padding: 1, pool: "none" as const },
    { width: wide, kernel: 3, padding: 1, pool: "max" as const },
  ];
  return createStack({ id: nameOf(given), width, blocks, hidden: [], norm, activation: "relu" }, input);
});
