// What is written into ONNX models: ONNX Runtime's kernels of channels in blocks where they are right, one node for a normalisation.
import * as ortNode from "onnxruntime-node";
import { afterAll, expect, test } from "vitest";
import { drawNormal } from "../../../shared/bench/recipes.ts";
import {
  createOnnxBackend,
  defineProgram,
  type Executable,
  grad,
  type OnnxRuntime,
  Runtime,
  type Tensor,
} from "../../../shared/engine/index.ts";
import { findChannelBlock } from "../../../shared/engine/onnx/channel-block.ts";
import { reference } from "../../support/backends.ts";
import { worstError } from "../../support/samples.ts";

const native = ortNode as unknown as OnnxRuntime;

const models: string[] = [];
const remember = (executable: Executable) => {
  if ("model" in executable) models.push(new TextDecoder("latin1").decode(executable.model as Uint8Array));
};
const onnx = new Runtime(createOnnxBackend(native, { name: "native", threads: 1 }), remember);
const oracle = reference.open().then((backend) => new Runtime(backend));
afterAll(async () => {
  await onnx.dispose();
  await (await oracle).dispose();
});

interface Inputs {
  x: Tensor;
  w: Tensor;
  b: Tensor;
}

const args = {
  x: drawNormal(1, [6, 32, 10, 9]),
  w: drawNormal(2, [48, 32, 3, 3], 0.1),
  b: drawNormal(3, [1, 48, 1, 1]),
};

/** Results of a program on both backends, which must agree, and its ONNX model as text. */
async function compile(maths: (inputs: Inputs) => Tensor[]): Promise<string> {
  const program = defineProgram("written", (inputs: Inputs) => ({ results: maths(inputs) }));
  const [actual, expected] = await Promise.all(
    [onnx, await oracle].map(async (runtime) => {
      const { results } = await runtime.run(program, args);
      return Promise.all(results.map((value) => runtime.read(value)));
    }),
  );
  actual.forEach((values, index) => {
    expect(worstError(values, expected[index])).toBeLessThan(1e-4);
  });
  return models[models.length - 1];
}

const count = (model: string, op: string) => model.split(`${op}_`).length - 1;

test("a large enough convolution, its bias and its gradient are computed in blocks of channels, where there are such kernels", async () => {
  const block = await findChannelBlock(native);
  const model = await compile(({ x, w, b }) => {
    const y = x.conv2d(w, { padding: 1 }).add(b);
    return [y, ...grad(y.square().sum(), [x, w, b])];
  });
  expect(count(model, "ReorderOutput")).toBe(block === undefined ? 0 : 2);
  const small = await compile(({ x, w }) => [x.slice([0, 0, 0, 0], [1, 32, 10, 9], [1, 1, 1, 1]).conv2d(w)]);
  expect(small).not.toContain("Reorder");
});

test("a normalisation is one node, with its gradient too", async () => {
  const model = await compile(({ x }) => {
    const scale = x.slice([0, 0, 0, 0], [1, 32, 1, 1], [1, 1, 1, 1]).reshape([32]);
    const y = x.instanceNorm(scale, scale.mul(2));
    return [y, ...grad(y.mul(y).mul(y).sum(), [x])];
  });
  expect(count(model, "LayerNormalization")).toBe(1);
  expect(model).not.toContain("Reciprocal");
});

test("blocks that are refused, or computed in another way than expected, are not used", async () => {
  const refusing: OnnxRuntime = {
    Tensor: native.Tensor,
    InferenceSession: {
      create: (model, options) =>
        new TextDecoder("latin1").decode(model).includes("Reorder")
          ? Promise.reject(new Error("no such op"))
          : native.InferenceSession.create(model, options),
    },
  };
  expect(await findChannelBlock(refusing)).toBeUndefined();
  const wrong: OnnxRuntime = {
    Tensor: native.Tensor,
    InferenceSession: {
      create: async (model, options) => {
        if (!new TextDecoder("latin1").decode(model).includes("Reorder")) {
          return native.InferenceSession.create(model, options);
        }
        const out0 = { data: new Float32Array(2 * 32 * 16 * 16), dims: [2, 32, 16, 16] };
        return { run: async () => ({ out0 }), release: async () => {} };
      },
    },
  };
  expect(await findChannelBlock(wrong)).toBeUndefined();
});
