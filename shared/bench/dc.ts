// How fast is one step of gradient matching: the gradients that one class's real and synthetic images give the network, the sum
// of their cosine distances over parameter tensors, and its gradient to the pixels?
import {
  defineProgram,
  grad,
  type HostArray,
  type Runtime,
  type Tensor,
  type TensorTree,
  tensorsOf,
} from "../engine/index.ts";
import { cosineDistance, crossEntropy } from "../nn/losses.ts";
import { createSuite, type LabelledImages } from "./suite.ts";
import type { Question } from "./workload.ts";

export const dcStep: Question = {
  name: "dc",
  create: (options) => {
    const suite = createSuite(options);
    type Given = { theta: TensorTree; x: Tensor; y: Tensor; s: Tensor; sy: Tensor };
    const program = defineProgram("bench-dc", ({ theta, x, y, s, sy }: Given) => {
      const parameters = tensorsOf(theta);
      const derive = (images: Tensor, labels: Tensor) =>
        grad(crossEntropy(suite.forward(theta, images).logits, labels), parameters);
      const [wanted, given] = [derive(x, y), derive(s, sy)];
      const loss = wanted
        .map((gradient, at) => cosineDistance(gradient, given[at]))
        .reduce((sum, distance) => sum.add(distance));
      return { loss, pixels: grad(loss, [s])[0] };
    });
    const real = takeFirst(suite.real(), suite.sizes.realPerClass);
    const synthetic = takeFirst(suite.synthetic(), suite.sizes.syntheticPerClass);
    const upload = (runtime: Runtime) =>
      runtime.upload({
        theta: suite.params,
        x: real.images,
        y: real.labels,
        s: synthetic.images,
        sy: synthetic.labels,
      });
    return {
      shapes: `real [${real.images.shape}], synthetic [${synthetic.images.shape}]`,
      prepare: async (runtime) => {
        const given = upload(runtime);
        return async () => runtime.free(await runtime.run(program, given));
      },
      results: (runtime) => runtime.run(program, upload(runtime)),
    };
  },
};

/** The first images, which are those of the first class. */
function takeFirst({ images, labels }: LabelledImages, count: number): LabelledImages {
  const first = ({ shape, data }: HostArray): HostArray => ({
    shape: [count, ...shape.slice(1)],
    data: data.subarray(0, (data.length / shape[0]) * count),
  });
  return { images: first(images), labels: first(labels) };
}
