// How fast is a training step of ConvNet-3: forward, every gradient, plain SGD?
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
import { createSuite } from "./suite.ts";
import type { Question } from "./workload.ts";

const RATE = 0.01;

export const train: Question = {
  name: "train",
  create: (options) => {
    const suite = createSuite(options);
    const derive = (theta: TensorTree, x: Tensor, y: Tensor) => {
      const loss = crossEntropy(suite.forward(theta, x).logits, y);
      return { loss, gradient: withTensors(theta, grad(loss, tensorsOf(theta))) };
    };
    type Given = { theta: TensorTree; x: Tensor; y: Tensor };
    const step = defineProgram("bench-train", ({ theta, x, y }: Given) => {
      const { loss, gradient } = derive(theta, x, y);
      const slopes = tensorsOf(gradient);
      const moved = tensorsOf(theta).map((parameter, at) => parameter.sub(slopes[at].mul(RATE)));
      return { loss, theta: withTensors(theta, moved) };
    });
    const gradients = defineProgram("bench-train-gradients", ({ theta, x, y }: Given) => {
      const { loss, gradient } = derive(theta, x, y);
      return { loss, ...suite.weightsOf(gradient) };
    });
    const { images, labels } = suite.batch();
    const upload = (runtime: Runtime) => runtime.upload({ theta: suite.params, x: images, y: labels });
    return {
      shapes: `images [${images.shape}]`,
      prepare: async (runtime) => {
        const given = upload(runtime);
        return async () => runtime.free(await runtime.run(step, given));
      },
      results: (runtime) => runtime.run(gradients, upload(runtime)),
    };
  },
};
