// Nodes that stand at the edges of the maths: a program's inputs, scalar constants, and the end of a gradient.
import { ShapeError } from "../errors.ts";
import type { DType } from "../graph.ts";
import { definePrimitive } from "../op.ts";

/** The `index`-th input of a program. Backends bind it; no lowering ever runs. */
export const parameter = definePrimitive<{ index: number; shape: readonly number[]; dtype: string }>({
  name: "input",
  infer: (_inputs, { shape, dtype }) => ({ shape, dtype: dtype as DType }),
  vjp: () => [],
  reference: () => {},
  onnx: () => "",
  webgpu: () => "alias",
  samples: [],
});

export const constant = definePrimitive<{ value: number }>({
  name: "constant",
  infer: (_inputs, { value }) => {
    // Neither a shader's text nor a printed graph can tell infinities and NaN apart.
    if (!Number.isFinite(value)) throw new ShapeError("constant", `${value} is not a finite number`);
    return { shape: [], dtype: "f32" };
  },
  vjp: () => [],
  reference: ({ attrs }, _inputs, out) => void (out[0] = attrs.value),
  onnx: (builder, { attrs }) => builder.floats([attrs.value]),
  webgpu: () => "alias",
  samples: [],
});

export const detach = definePrimitive<Record<never, never>>({
  name: "detach",
  infer: ([x]) => x,
  vjp: () => [null],
  reference: (_node, [x], out) => out.set(x),
  onnx: (builder, _node, [x]) => builder.node("Identity", [x]),
  webgpu: () => "alias",
  samples: [{ inputs: [{ shape: [2, 3], constant: true }] }],
});
