// How fast is a square matrix product?
import { defineProgram, type Runtime, type Tensor } from "../engine/index.ts";
import { type Question, randomArray } from "./workload.ts";

const product = defineProgram("matmul", ({ a, b }: { a: Tensor; b: Tensor }) => ({ c: a.matmul(b) }));

function prepare(size: number) {
  return async (runtime: Runtime) => {
    const { a, b } = runtime.upload({ a: randomArray([size, size], "a"), b: randomArray([size, size], "b") });
    return async () => {
      const { c } = await runtime.run(product, { a, b });
      const numbers = await runtime.read(c);
      runtime.free(c);
      return numbers;
    };
  };
}

const square = (size: number): Question => ({
  name: `matmul${size}`,
  create: () => ({
    shapes: `[${size},${size}] x [${size},${size}]`,
    gflop: (2 * size ** 3) / 1e9,
    prepare: prepare(size),
    small: { prepare: prepare(96) },
  }),
});

export const matmul512 = square(512);
export const matmul1024 = square(1024);
