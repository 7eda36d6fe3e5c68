// How fast is a forward pass of ConvNet-3 on 256 images?
import { defineProgram, type Runtime, type Tensor, type TensorTree } from "../engine/index.ts";
import { type BenchNetwork, batchOf, createNetwork, imageShape } from "./network.ts";
import type { Question } from "./workload.ts";

const BATCH = 256;

function prepare(net: BenchNetwork, batch: number) {
  const program = defineProgram("bench-forward", ({ theta, x }: { theta: TensorTree; x: Tensor }) => ({
    logits: net.forward(theta, x).logits,
  }));
  return async (runtime: Runtime) => {
    const theta = runtime.upload(net.params);
    const x = runtime.backend.upload(batchOf(batch).images);
    return async () => {
      const { logits } = await runtime.run(program, { theta, x });
      const numbers = await runtime.read(logits);
      runtime.free(logits);
      return numbers;
    };
  };
}

export const forward: Question = {
  name: "forward",
  create: (options) => {
    const net = createNetwork(options);
    return {
      shapes: `[${[BATCH, ...imageShape]}]`,
      gflop: (2 * net.macsPerImage * BATCH) / 1e9,
      prepare: prepare(net, BATCH),
      small: { prepare: prepare(net, 2) },
    };
  },
};
