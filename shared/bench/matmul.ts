// How fast is a square matrix product?
import { defineProgram, type Runtime, type Tensor } from "../engine/index.ts";
import { drawNormal } from "./recipes.ts";
import type { Question } from "./workload.ts";

const product = defineProgram("bench-matmul", ({ a, b }: { a: Tensor; b: Tensor }) => ({ product: a.matmul(b) }));

/** The operands, for whoever measures another library with the same. */
export const matmulOperands = (size: number) => ({ a: drawNormal(21, [size, size]), b: drawNormal(22, [size, size]) });

const square = (size: number): Question => ({
  name: `matmul${size}`,
  create: () => {
    const upload = (runtime: Runtime) => runtime.upload(matmulOperands(size));
    return {
      shapes: `[${size},${size}] x [${size},${size}]`,
      prepare: async (runtime) => {
        const given = upload(runtime);
        return async () => runtime.free(await runtime.run(product, given));
      },
      results: (runtime) => runtime.run(product, upload(runtime)),
    };
  },
});

export const matmul512 = square(512);
export const matmul1024 = square(1024);
