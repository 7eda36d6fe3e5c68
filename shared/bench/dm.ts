// How fast is one step of distribution matching: ten classes, real images and synthetic ones of each?
import { defineProgram, grad, type Runtime, type Tensor, type TensorTree } from "../engine/index.ts";
import { squaredDistance } from "../nn/losses.ts";
import { CLASSES } from "./recipes.ts";
import { createSuite } from "./suite.ts";
import type { Question } from "./workload.ts";

export const dmStep: Question = {
  name: "dm",
  create: (options) => {
    const suite = createSuite(options);
    const meanOf = (theta: TensorTree, images: Tensor) => {
      const { features } = suite.forward(theta, images);
      return features.reshape([CLASSES, images.shape[0] / CLASSES, features.shape[1]]).mean([1]);
    };
    type Given = { theta: TensorTree; x: Tensor; s: Tensor };
    const derive = ({ theta, x, s }: Given) => {
      const loss = squaredDistance(meanOf(theta, x), meanOf(theta, s));
      return { loss, gradient: grad(loss, [s])[0] };
    };
    const step = defineProgram("bench-dm", (given: Given) => {
      const { loss, gradient } = derive(given);
      return { loss, s: given.s.sub(gradient) };
    });
    const gradients = defineProgram("bench-dm-gradient", (given: Given) => {
      const { loss, gradient } = derive(given);
      return { loss, pixels: gradient };
    });
    const [real, synthetic] = [suite.real().images, suite.synthetic().images];
    const upload = (runtime: Runtime) => runtime.upload({ theta: suite.params, x: real, s: synthetic });
    return {
      shapes: `real [${real.shape}], synthetic [${synthetic.shape}]`,
      prepare: async (runtime) => {
        const given = upload(runtime);
        return async () => runtime.free(await runtime.run(step, given));
      },
      results: (runtime) => runtime.run(gradients, upload(runtime)),
    };
  },
};
