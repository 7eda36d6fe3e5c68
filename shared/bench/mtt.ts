// How fast is trajectory matching: five student steps, and the exact gradient of where they end to the pixels and the rate?
import type { Runtime, Tensor, TensorTree, Value } from "../engine/index.ts";
import { crossEntropy } from "../nn/losses.ts";
import { createUnroll, trajectoryLoss } from "../nn/unroll.ts";
import { createSuite } from "./suite.ts";
import type { Question } from "./workload.ts";

const STEPS = 5;
const RATE = 0.02;

export const mttStep: Question = {
  name: "mtt",
  create: (options) => {
    const suite = createSuite(options);
    const unroll = createUnroll<{ s: Tensor }, { y: Tensor }, { start: TensorTree; target: TensorTree }>({
      name: "bench-mtt",
      loss: (theta, { s }, { y }) => crossEntropy(suite.forward(theta, s).logits, y),
      judge: trajectoryLoss,
    });
    const { images, labels } = suite.synthetic();
    const upload = (runtime: Runtime) => {
      const { theta, target, s, y } = runtime.upload({
        theta: suite.params,
        target: suite.target,
        s: images,
        y: labels,
      });
      const rate = runtime.backend.upload({ shape: [], data: Float64Array.from([RATE]) });
      const steps = Array.from({ length: STEPS }, () => ({ y }));
      return { theta, outer: { s }, steps, rate, goal: { start: theta, target } };
    };
    return {
      shapes: `images [${images.shape}], ${STEPS} steps`,
      prepare: async (runtime) => {
        const given = upload(runtime);
        return async () => runtime.free(await unroll(runtime, given));
      },
      results: async (runtime) => {
        const { loss, outer, rate } = await unroll(runtime, upload(runtime));
        return { loss, pixels: (outer as unknown as { s: Value }).s, rate };
      },
    };
  },
};
