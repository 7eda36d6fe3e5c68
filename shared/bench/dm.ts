// How fast is one step of distribution matching: ten classes, 64 real and 10 synthetic images of each?
import { defineProgram, grad, type Runtime, type Tensor, type TensorTree } from "../engine/index.ts";
import { squaredDistance } from "../nn/losses.ts";
import { type BenchNetwork, createNetwork, imageShape } from "./network.ts";
import { type Question, randomArray } from "./workload.ts";

const CLASSES = 10;

function prepare(net: BenchNetwork, realPerClass: number, ipc: number) {
  const program = defineProgram("bench-dm", ({ theta, x, s }: { theta: TensorTree; x: Tensor; s: Tensor }) => {
    const meanOf = (images: Tensor) =>
      net
        .forward(theta, images)
        .features.reshape([CLASSES, images.shape[0] / CLASSES, net.featureSize])
        .mean([1]);
    const loss = squaredDistance(meanOf(x).detach(), meanOf(s));
    const [gradient] = grad(loss, [s]);
    return { s: s.sub(gradient), loss };
  });
  return async (runtime: Runtime) => {
    const theta = runtime.upload(net.params);
    const { x, s } = runtime.upload({
      x: randomArray([CLASSES * realPerClass, ...imageShape], "real"),
      s: randomArray([CLASSES * ipc, ...imageShape], "synthetic"),
    });
    return async () => {
      const result = await runtime.run(program, { theta, x, s });
      await runtime.read(result.loss);
      const numbers = await runtime.read(result.s);
      runtime.free(result);
      return numbers;
    };
  };
}

export const dmStep: Question = {
  name: "dm",
  create: (options) => {
    const net = createNetwork(options);
    const [real, synthetic] = [64, 10];
    return {
      shapes: `real [${[CLASSES * real, ...imageShape]}], synthetic [${[CLASSES * synthetic, ...imageShape]}]`,
      gflop: (2 * net.macsPerImage * CLASSES * (real + 2 * synthetic)) / 1e9,
      prepare: prepare(net, real, synthetic),
      small: { prepare: prepare(net, 1, 1) },
    };
  },
};
