// LeNet-5 (LeCun et al., 1998) with ReLU and max pooling, as the cross-architecture tables have it: 6 and 16 channels, then 120 and 84 units.
import { z } from "zod";
import { defineFamily, widthOption } from "./family.ts";
import { createStack } from "./stack.ts";

const options = z.strictObject({
  id: z.literal("lenet").describe("LeNet-5 with ReLU and max pooling"),
  width: widthOption(6),
});

export const lenet = defineFamily(options, ({ id, width }, input) => {
  const conv = (channels: number, padding: number) => ({ width: channels, kernel: 5, padding, pool: "max" as const });
  const blocks = [conv(width, input.channels === 1 ? 2 : 0), conv(Math.round((width * 16) / 6), 0)];
  return createStack({ id, width, blocks, hidden: [20 * width, 14 * width], norm: "none", activation: "relu" }, input);
});
