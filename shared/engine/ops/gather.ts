// Rows by index, and its adjoint, which sums rows back into their places.
import { ShapeError } from "../errors.ts";
import { definePrimitive, type TensorType } from "../op.ts";
import { formatShape, sameShape, sizeOf } from "../shape.ts";
import { sumOverRows } from "../slices.ts";
import { gatherInline } from "../webgpu/inline.ts";
import { scatterAddKernel } from "../webgpu/wgsl/gather.ts";

function checkIndices(op: string, indices: TensorType): void {
  if (indices.dtype !== "i32" || indices.shape.length !== 1) {
    throw new ShapeError(op, `needs indices i32[n], was given ${indices.dtype}${formatShape(indices.shape)}`);
  }
}

/** x [rows, ...], indices i32 [n] -> [n, ...]. An index outside the rows is the caller's bug. */
export const gather = definePrimitive<Record<never, never>>({
  name: "gather",
  infer: ([x, indices]) => {
    checkIndices("gather", indices);
    if (x.shape.length < 1) throw new ShapeError("gather", "needs at least one axis to take rows from");
    return { shape: [indices.shape[0], ...x.shape.slice(1)], dtype: x.dtype };
  },
  vjp: ({ inputs: [x, indices], cotangent }) => [cotangent.scatterAdd(indices, x.shape[0]), null],
  reference: ({ output }, [x, indices], out) => {
    const row = sizeOf(output.shape.slice(1));
    indices.forEach((from, to) => {
      for (let i = 0; i < row; i++) out[to * row + i] = x[from * row + i];
    });
  },
  onnx: (builder, _node, inputs) => builder.node("Gather", inputs, { axis: 0 }),
  webgpu: gatherInline,
  slices: { rows: (_node, rows) => ({ inputs: ["all", rows] }) },
  samples: [
    { inputs: [{ shape: [5, 3] }, { shape: [8], bound: 5 }] },
    { inputs: [{ shape: [3, 2, 5, 4] }, { shape: [1], bound: 3 }] },
    { inputs: [{ shape: [40] }, { shape: [17], bound: 40 }] },
    { inputs: [{ shape: [5, 32, 3, 5] }, { shape: [17], bound: 5 }] },
  ],
  badSamples: [
    {
      inputs: [
        { shape: [5, 3], dtype: "f32" },
        { shape: [2], dtype: "f32" },
      ],
      why: /needs indices i32/,
    },
  ],
});

/** x [n, ...], indices i32 [n] -> [rows, ...], summing where indices repeat. */
export const scatterAdd = definePrimitive<{ rows: number }>({
  name: "scatterAdd",
  infer: ([x, indices], { rows }) => {
    checkIndices("scatterAdd", indices);
    if (!sameShape(x.shape.slice(0, 1), indices.shape)) {
      throw new ShapeError(
        "scatterAdd",
        `${formatShape(x.shape)} has not one row per index of ${formatShape(indices.shape)}`,
      );
    }
    return { shape: [rows, ...x.shape.slice(1)], dtype: "f32" };
  },
  vjp: ({ inputs: [, indices], cotangent }) => [cotangent.gather(indices), null],
  reference: ({ output }, [x, indices], out) => {
    out.fill(0);
    const row = sizeOf(output.shape.slice(1));
    indices.forEach((to, from) => {
      for (let i = 0; i < row; i++) out[to * row + i] += x[from * row + i];
    });
  },
  onnx: (builder, { inputs: [x, indices], output }, [name, at]) => {
    const wide = builder.node("Cast", [at], { to: 7 });
    const places = builder.node("Reshape", [wide, builder.ints([indices.shape[0], 1])]);
    const zero = builder.floats(
      [0],
      x.shape.map(() => 1),
    );
    const zeros = builder.node("Expand", [zero, builder.ints(output.shape)]);
    return builder.node("ScatterND", [zeros, places, name], { reduction: "add" });
  },
  webgpu: scatterAddKernel,
  slices: sumOverRows,
  samples: [
    { inputs: [{ shape: [8, 3] }, { shape: [8], bound: 5 }], attrs: { rows: 5 } },
    { inputs: [{ shape: [17, 2, 3, 3] }, { shape: [17], bound: 3 }], attrs: { rows: 3 } },
    { inputs: [{ shape: [3, 32, 5, 3] }, { shape: [3], bound: 17 }], attrs: { rows: 17 } },
    { inputs: [{ shape: [1, 5] }, { shape: [1], bound: 2 }], attrs: { rows: 2 } },
  ],
  badSamples: [
    {
      inputs: [
        { shape: [5, 3], dtype: "f32" },
        { shape: [2], dtype: "i32" },
      ],
      attrs: { rows: 4 },
      why: /not one row per index/,
    },
  ],
});
