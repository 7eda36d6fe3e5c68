// How fast are a convolution and its two gradients, alone, at the second and third layer of the training step?
import { defineProgram, grad, type Runtime, type Tensor } from "../engine/index.ts";
import { drawNormal } from "./recipes.ts";
import { createSuite } from "./suite.ts";
import type { Question } from "./workload.ts";

type Given = { x: Tensor; w: Tensor; g: Tensor };
const product = ({ x, w, g }: Given) => x.conv2d(w, { padding: 1 }).mul(g).sum();

const kinds = {
  forward: defineProgram("bench-conv-forward", ({ x, w }: Given) => ({ result: x.conv2d(w, { padding: 1 }) })),
  "input-grad": defineProgram("bench-conv-input-grad", (given: Given) => ({
    result: grad(product(given), [given.x])[0],
  })),
  "weight-grad": defineProgram("bench-conv-weight-grad", (given: Given) => ({
    result: grad(product(given), [given.w])[0],
  })),
} as const;

const question = (layer: number, kind: keyof typeof kinds): Question => ({
  name: `conv${layer}-${kind}`,
  create: (options) => {
    const { sizes, width, sides } = createSuite(options);
    const side = sides[layer - 1];
    const shape = [sizes.batch, width, side, side];
    const program = kinds[kind];
    const upload = (runtime: Runtime) =>
      runtime.upload({
        x: drawNormal(31, shape),
        w: drawNormal(32, [width, width, 3, 3], 0.1),
        g: drawNormal(33, shape),
      });
    return {
      shapes: `images [${shape}], weights [${[width, width, 3, 3]}], padding 1`,
      prepare: async (runtime) => {
        const given = upload(runtime);
        return async () => runtime.free(await runtime.run(program, given));
      },
      results: (runtime) => runtime.run(program, upload(runtime)),
    };
  },
});

export const convolutions: readonly Question[] = [2, 3].flatMap((layer) =>
  (["forward", "input-grad", "weight-grad"] as const).map((kind) => question(layer, kind)),
);
