// The multilayer perceptron of the cross-architecture tables (Zhao et al., 2021): two hidden layers.
import { z } from "zod";
import { defineFamily } from "./family.ts";
import { createStack } from "./stack.ts";

const options = z.strictObject({
  id: z.literal("mlp").describe("Multilayer perceptron with two hidden layers"),
  width: z.int().min(1).max(1024).default(128).describe("Units of each hidden layer"),
});

export const mlp = defineFamily(options, ({ id, width }, input) =>
  createStack({ id, width, blocks: [], hidden: [width, width], norm: "none", activation: "relu" }, input),
);
