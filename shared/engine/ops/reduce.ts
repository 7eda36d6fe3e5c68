// Reductions over axes: sum, whose adjoint is broadcasting, and max.
import { ShapeError } from "../errors.ts";
import { definePrimitive, type NodeView, type ReferenceArray, type Sample, type TensorType } from "../op.ts";
import { eachRow, formatShape, normaliseAxes, type Shape, stridesOf } from "../shape.ts";
import type { Slices } from "../slices.ts";

export type ReduceAttrs = { readonly axes: readonly number[]; readonly keepAxes: boolean };

/** The shape with `axes` set to 1. */
export function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}

function infer(name: string, [x]: readonly TensorType[], { axes, keepAxes }: ReduceAttrs): TensorType {
  if (x.dtype !== "f32") throw new ShapeError(name, `needs f32, was given ${x.dtype}`);
  if (!normaliseAxes(axes, x.shape.length)) {
    throw new ShapeError(name, `axes [${axes}] do not all exist in ${formatShape(x.shape)}`);
  }
  const kept = keptShape(x.shape, axes);
  return { shape: keepAxes ? kept : kept.filter((_, axis) => !axes.includes(axis)), dtype: "f32" };
}

function fold(
  { inputs, attrs }: NodeView<ReduceAttrs>,
  data: ReferenceArray,
  out: ReferenceArray,
  start: number,
  combine: (left: number, right: number) => number,
): void {
  out.fill(start);
  const { shape } = inputs[0];
  const strides = stridesOf(keptShape(shape, attrs.axes)).map((stride, axis) =>
    attrs.axes.includes(axis) ? 0 : stride,
  );
  const step = strides.at(-1) ?? 0;
  eachRow(shape, [strides], (at, [start], length) => {
    for (let x = 0; x < length; x++) out[start + x * step] = combine(out[start + x * step], data[at + x]);
  });
}

/** Folded along with the other axes, or row by row. */
const slicesOf = (combine: "sum" | "max"): Slices<ReduceAttrs> => ({
  rows: ({ attrs }, rows) => (attrs.axes.includes(0) ? undefined : { inputs: [rows] }),
  fold: ({ attrs }) => (attrs.axes.includes(0) ? { cut: [true], combine } : undefined),
});

const cases: [Shape, number[]][] = [
  [[7], [0]],
  [[2, 3, 5], [1]],
  [
    [4, 5, 3, 7],
    [2, 3],
  ],
  [
    [17, 3, 2, 2],
    [0, 2, 3],
  ],
  [
    [2, 32, 9, 9],
    [2, 3],
  ],
  [[300, 5], [0]],
];

const bad = [
  { inputs: [{ shape: [2, 3], dtype: "f32" as const }], attrs: { axes: [2], keepAxes: false }, why: /axes \[2\]/ },
];

export const sum = definePrimitive<ReduceAttrs>({
  name: "sum",
  infer: (inputs, attrs) => infer("sum", inputs, attrs),
  vjp: ({ inputs: [x], cotangent, attrs }) => [cotangent.reshape(keptShape(x.shape, attrs.axes)).expand(x.shape)],
  reference: (node, [x], out) => fold(node, x, out, 0, (a, b) => a + b),
  onnx: (builder, { attrs }, [x]) =>
    builder.node("ReduceSum", [x, builder.ints(attrs.axes)], { keepdims: attrs.keepAxes ? 1 : 0 }),
  webgpu: { reduce: "sum" },
  slices: slicesOf("sum"),
  samples: cases.flatMap(([shape, axes]): Sample<ReduceAttrs>[] =>
    [true, false].map((keepAxes) => ({ inputs: [{ shape }], attrs: { axes, keepAxes } })),
  ),
  badSamples: bad,
});

export const max = definePrimitive<ReduceAttrs>({
  name: "max",
  infer: (inputs, attrs) => infer("max", inputs, attrs),
  vjp: ({ inputs: [x], output, cotangent, attrs }) => {
    const kept = keptShape(x.shape, attrs.axes);
    const isLargest = x.equal(output.reshape(kept));
    const share = isLargest.div(isLargest.sum(attrs.axes, true));
    return [share.mul(cotangent.reshape(kept))];
  },
  reference: (node, [x], out) => fold(node, x, out, Number.NEGATIVE_INFINITY, Math.max),
  onnx: (builder, { attrs }, [x]) => {
    const reduced = (opType: string) =>
      builder.node(opType, [x, builder.ints(attrs.axes)], { keepdims: attrs.keepAxes ? 1 : 0 });
    // ReduceMax drops NaN, which a sum shows.
    const sum = reduced("ReduceSum");
    return builder.node("Where", [builder.node("IsNaN", [sum]), sum, reduced("ReduceMax")]);
  },
  webgpu: { reduce: "max" },
  slices: slicesOf("max"),
  samples: cases.slice(0, 4).map(([shape, axes]) => ({
    inputs: [{ shape, distinct: 0.01 }],
    attrs: { axes, keepAxes: false },
  })),
  badSamples: bad,
});
