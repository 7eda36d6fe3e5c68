// Max pooling, and the two linear maps at its maxima that close it under differentiation: each is the other's adjoint, and
// where the maxima lie does not change smoothly. A tie goes to the first in the order of rows, as in PyTorch.
import { ShapeError } from "../errors.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { definePrimitive, type NodeView, type Primitive, type ReferenceArray, type TensorType } from "../op.ts";
import { formatShape, sameShape } from "../shape.ts";
import { rowByRow } from "../slices.ts";
import { maxPoolGradKernel, maxPoolKernel, maxPoolTakeKernel } from "../webgpu/wgsl/max-pool.ts";

export type MaxPoolAttrs = { size: number; stride: number; padding: number };

function pooledShape(op: string, x: TensorType, { size, stride, padding }: MaxPoolAttrs): number[] {
  const [n, c, h, w] = x.shape;
  const fits = size >= 1 && stride >= 1 && padding >= 0 && size <= Math.min(h, w) + 2 * padding;
  if (x.shape.length !== 4 || x.dtype !== "f32" || !fits) {
    throw new ShapeError(op, `a ${size}x${size} window does not fit ${x.dtype}${formatShape(x.shape)}`);
  }
  if (2 * padding > size) {
    throw new ShapeError(op, `padding ${padding} is more than half of the ${size}x${size} window`);
  }
  const along = (side: number) => Math.floor((side + 2 * padding - size) / stride) + 1;
  return [n, c, along(h), along(w)];
}

/** Calls `visit` with the flat offsets of each result and of its window's maximum. */
function eachMaximum(
  { inputs, attrs }: { inputs: readonly TensorType[]; attrs: MaxPoolAttrs },
  x: ReferenceArray,
  visit: (result: number, maximum: number) => void,
): void {
  const type = inputs[inputs.length - 1];
  const [n, c, h, w] = type.shape;
  const [, , oh, ow] = pooledShape("maxPool2d", type, attrs);
  const { size, stride, padding } = attrs;
  for (let plane = 0; plane < n * c; plane++)
    for (let y = 0; y < oh; y++)
      for (let at = 0; at < ow; at++) {
        let maximum = -1;
        for (let row = y * stride - padding; row < y * stride - padding + size; row++)
          for (let column = at * stride - padding; column < at * stride - padding + size; column++) {
            if (row < 0 || row >= h || column < 0 || column >= w) continue;
            const place = (plane * h + row) * w + column;
            if (maximum < 0 || x[place] > x[maximum] || Number.isNaN(x[place])) maximum = place;
          }
        visit((plane * oh + y) * ow + at, maximum);
      }
}

const onnxWindow = ({ size, stride, padding }: MaxPoolAttrs) => ({
  kernel_shape: [size, size],
  strides: [stride, stride],
  pads: [padding, padding, padding, padding],
});

/** Places of the maxima in all of x. */
const maximaOf = (builder: OnnxBuilder, x: string, attrs: MaxPoolAttrs) =>
  builder.nodes("MaxPool", [x], 2, onnxWindow(attrs))[1];

const flat = (builder: OnnxBuilder, name: string) => builder.node("Reshape", [name, builder.ints([-1])]);

const cases = [
  { shape: [1, 1, 2, 2], attrs: { size: 2, stride: 2, padding: 0 } },
  { shape: [2, 3, 9, 7], attrs: { size: 2, stride: 2, padding: 0 } },
  { shape: [2, 5, 7, 8], attrs: { size: 3, stride: 2, padding: 1 } },
  { shape: [17, 1, 5, 5], attrs: { size: 3, stride: 1, padding: 1 } },
  { shape: [2, 32, 6, 6], attrs: { size: 2, stride: 2, padding: 0 } },
  { shape: [1, 4, 5, 9], attrs: { size: 2, stride: 3, padding: 1 } },
];

const ofType = (shape: readonly number[]) => ({ shape, dtype: "f32" as const });
const resultOf = ({ shape, attrs }: (typeof cases)[number]) => pooledShape("maxPool2d", ofType(shape), attrs);

/** Every window of these has a tie. */
const tied = {
  shape: [2, 4, 4, 4],
  values: Array.from({ length: 128 }, (_, at) => (at * at * 7) % 3),
  constant: true,
};
const tiedAttrs = { size: 3, stride: 1, padding: 1 };

/** [n, c, h, w] -> [n, c, oh, ow]: the largest of each window; beyond the edges there is nothing. */
export const maxPool2d: Primitive<MaxPoolAttrs> = definePrimitive<MaxPoolAttrs>({
  name: "maxPool2d",
  infer: ([x], attrs) => ({ shape: pooledShape("maxPool2d", x, attrs), dtype: "f32" }),
  vjp: ({ inputs: [x], cotangent, attrs }) => [cotangent.apply(maxPoolGrad, [x], attrs)],
  reference: (node, [x], out) => eachMaximum(node, x, (result, maximum) => void (out[result] = x[maximum])),
  onnx: (builder, { attrs }, [x]) => {
    // The fast maximum drops NaN, which a mean shows; the one that keeps NaN takes five times as long.
    const mean = builder.node("AveragePool", [x], onnxWindow(attrs));
    return builder.node("Where", [
      builder.node("IsNaN", [mean]),
      mean,
      builder.node("MaxPool", [x], onnxWindow(attrs)),
    ]);
  },
  webgpu: maxPoolKernel,
  slices: rowByRow,
  samples: [
    ...cases.map(({ shape, attrs }) => ({ inputs: [{ shape, distinct: 0.01 }], attrs })),
    { inputs: [tied], attrs: tiedAttrs },
  ],
  badSamples: [
    {
      inputs: [ofType([1, 1, 1, 4])],
      attrs: { size: 2, stride: 2, padding: 0 },
      why: /2x2 window does not fit f32\[1,1,1,4\]/,
    },
    {
      inputs: [ofType([1, 1, 4, 4])],
      attrs: { size: 2, stride: 2, padding: 2 },
      why: /padding 2 is more than half of the 2x2 window/,
    },
  ],
});

function checkFit(op: string, given: TensorType, expected: readonly number[]): void {
  if (!sameShape(given.shape, expected) || given.dtype !== "f32") {
    throw new ShapeError(op, `${given.dtype}${formatShape(given.shape)} is not f32${formatShape(expected)}`);
  }
}

/** The values of v where the windows of x have their maxima: v and x [n, c, h, w] -> [n, c, oh, ow]. */
export const maxPoolTake: Primitive<MaxPoolAttrs> = definePrimitive<MaxPoolAttrs>({
  name: "maxPoolTake",
  infer: ([v, x], attrs) => {
    const shape = pooledShape("maxPoolTake", x, attrs);
    checkFit("maxPoolTake", v, x.shape);
    return { shape, dtype: "f32" };
  },
  vjp: ({ inputs: [, x], cotangent, attrs }) => [cotangent.apply(maxPoolGrad, [x], attrs), null],
  reference: (node, [v, x], out) => eachMaximum(node, x, (result, maximum) => void (out[result] = v[maximum])),
  onnx: (builder, { attrs }, [v, x]) =>
    builder.node("Gather", [flat(builder, v), maximaOf(builder, x, attrs)], { axis: 0 }),
  webgpu: maxPoolTakeKernel,
  slices: rowByRow,
  samples: [
    ...cases.map(({ shape, attrs }) => ({ inputs: [{ shape }, { shape, distinct: 0.01 }], attrs })),
    { inputs: [{ shape: tied.shape }, tied], attrs: tiedAttrs },
  ],
  badSamples: [
    {
      inputs: [ofType([1, 1, 4, 5]), ofType([1, 1, 4, 4])],
      attrs: { size: 2, stride: 2, padding: 0 },
      why: /f32\[1,1,4,5\] is not f32\[1,1,4,4\]/,
    },
  ],
});

/** The adjoint of both: g [n, c, oh, ow] goes to where the windows of x [n, c, h, w] have their maxima, summed. */
export const maxPoolGrad: Primitive<MaxPoolAttrs> = definePrimitive<MaxPoolAttrs>({
  name: "maxPoolGrad",
  infer: ([g, x], attrs) => {
    checkFit("maxPoolGrad", g, pooledShape("maxPoolGrad", x, attrs));
    return x;
  },
  vjp: ({ inputs: [, x], cotangent, attrs }) => [cotangent.apply(maxPoolTake, [x], attrs), null],
  reference: (node, [g, x], out) => {
    out.fill(0);
    eachMaximum(node, x, (result, maximum) => {
      out[maximum] += g[result];
    });
  },
  onnx: (builder, { output, attrs }: NodeView<MaxPoolAttrs>, [g, x]) => {
    const zeros = builder.node("ConstantOfShape", [builder.ints([output.shape.reduce((a, b) => a * b)])]);
    const places = flat(builder, maximaOf(builder, x, attrs));
    const overlaps = attrs.stride < attrs.size;
    const spread = builder.node("ScatterElements", [zeros, places, flat(builder, g)], {
      axis: 0,
      ...(overlaps ? { reduction: "add" } : {}),
    });
    return builder.node("Reshape", [spread, builder.ints(output.shape)]);
  },
  webgpu: maxPoolGradKernel,
  slices: rowByRow,
  samples: [
    ...cases.map((each) => ({
      inputs: [{ shape: resultOf(each) }, { shape: each.shape, distinct: 0.01 }],
      attrs: each.attrs,
    })),
    { inputs: [{ shape: tied.shape }, tied], attrs: tiedAttrs },
  ],
  badSamples: [
    {
      inputs: [ofType([1, 1, 3, 3]), ofType([1, 1, 4, 4])],
      attrs: { size: 2, stride: 2, padding: 0 },
      why: /f32\[1,1,3,3\] is not f32\[1,1,2,2\]/,
    },
  ],
});
