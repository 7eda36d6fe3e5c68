// How fast is a training step of ConvNet-3 on 256 images: forward, every gradient, plain SGD?
import {
  defineProgram,
  grad,
  type Runtime,
  type Tensor,
  type TensorTree,
  tensorsOf,
  withTensors,
} from "../engine/index.ts";
import { crossEntropy } from "../nn/losses.ts";
import { type BenchNetwork, batchOf, createNetwork, imageShape } from "./network.ts";
import type { Question } from "./workload.ts";

const BATCH = 256;
const RATE = 0.01;

function prepare(net: BenchNetwork, batch: number) {
  const program = defineProgram("bench-train", ({ theta, x, y }: { theta: TensorTree; x: Tensor; y: Tensor }) => {
    const loss = crossEntropy(net.forward(theta, x).logits, y);
    const parameters = tensorsOf(theta);
    const moved = grad(loss, parameters).map((gradient, at) => parameters[at].sub(gradient.mul(RATE)));
    return { theta: withTensors(theta, moved), loss, last: moved[moved.length - 2] };
  });
  return async (runtime: Runtime) => {
    const theta = runtime.upload(net.params);
    const { x, y } = runtime.upload({ x: batchOf(batch).images, y: batchOf(batch).labels });
    return async () => {
      const result = await runtime.run(program, { theta, x, y });
      await runtime.read(result.loss);
      const numbers = await runtime.read(result.last);
      runtime.free(result);
      return numbers;
    };
  };
}

export const train: Question = {
  name: "train",
  create: (options) => {
    const net = createNetwork(options);
    return {
      shapes: `[${[BATCH, ...imageShape]}]`,
      gflop: (3 * 2 * net.macsPerImage * BATCH) / 1e9,
      prepare: prepare(net, BATCH),
      small: { prepare: prepare(net, 2) },
    };
  },
};
