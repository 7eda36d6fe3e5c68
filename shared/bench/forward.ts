// How fast is a forward pass of ConvNet-3?
import { defineProgram, type Runtime, type Tensor, type TensorTree } from "../engine/index.ts";
import { createSuite } from "./suite.ts";
import type { Question } from "./workload.ts";

export const forward: Question = {
  name: "forward",
  create: (options) => {
    const suite = createSuite(options);
    const program = defineProgram("bench-forward", ({ theta, x }: { theta: TensorTree; x: Tensor }) => ({
      logits: suite.forward(theta, x).logits,
    }));
    const { images } = suite.batch();
    const upload = (runtime: Runtime) => runtime.upload({ theta: suite.params, x: images });
    return {
      shapes: `images [${images.shape}]`,
      prepare: async (runtime) => {
        const given = upload(runtime);
        return async () => runtime.free(await runtime.run(program, given));
      },
      results: (runtime) => runtime.run(program, upload(runtime)),
    };
  },
};
