// Average pooling without overlap, and its adjoint, which spreads each value evenly over its window.
import { ShapeError } from "../errors.ts";
import { definePrimitive, type TensorType } from "../op.ts";
import { formatShape, sameShape } from "../shape.ts";
import { rowByRow } from "../slices.ts";
import { avgPoolGradInline, avgPoolInline } from "../webgpu/inline.ts";

export type PoolAttrs = { size: number };
export type PoolAdjointAttrs = PoolAttrs & { sides: readonly number[] };

function pooledShape(op: string, [x]: readonly TensorType[], size: number): number[] {
  const [n, c, h, w] = x.shape;
  if (x.shape.length !== 4 || x.dtype !== "f32" || !(size >= 1) || size > Math.min(h, w)) {
    throw new ShapeError(op, `a ${size}x${size} window does not fit ${x.dtype}${formatShape(x.shape)}`);
  }
  return [n, c, Math.floor(h / size), Math.floor(w / size)];
}

/** [n, c, h, w] -> [n, c, floor(h / size), floor(w / size)]; rows and columns left over count for nothing. */
export const avgPool2d = definePrimitive<PoolAttrs>({
  name: "avgPool2d",
  infer: (inputs, { size }) => ({ shape: pooledShape("avgPool2d", inputs, size), dtype: "f32" }),
  vjp: ({ inputs: [x], cotangent, attrs }) => [
    cotangent.apply(avgPoolGrad, [], { size: attrs.size, sides: x.shape.slice(2) }),
  ],
  reference: ({ inputs, output, attrs: { size } }, [x], out) => {
    const [, , h, w] = inputs[0].shape;
    const [n, c, oh, ow] = output.shape;
    for (let plane = 0; plane < n * c; plane++)
      for (let y = 0; y < oh; y++)
        for (let at = 0; at < ow; at++) {
          let total = 0;
          for (let dy = 0; dy < size; dy++)
            for (let dx = 0; dx < size; dx++) total += x[(plane * h + y * size + dy) * w + at * size + dx];
          out[(plane * oh + y) * ow + at] = total / (size * size);
        }
  },
  onnx: (builder, { attrs: { size } }, [x]) =>
    builder.node("AveragePool", [x], { kernel_shape: [size, size], strides: [size, size] }),
  webgpu: avgPoolInline,
  slices: rowByRow,
  samples: [
    { inputs: [{ shape: [1, 1, 2, 2] }], attrs: { size: 2 } },
    { inputs: [{ shape: [2, 3, 9, 7] }], attrs: { size: 2 } },
    { inputs: [{ shape: [17, 5, 4, 6] }], attrs: { size: 2 } },
    { inputs: [{ shape: [2, 32, 8, 8] }], attrs: { size: 4 } },
  ],
  badSamples: [
    {
      inputs: [{ shape: [1, 1, 1, 4], dtype: "f32" }],
      attrs: { size: 2 },
      why: /2x2 window does not fit f32\[1,1,1,4\]/,
    },
  ],
});

/** Adjoint of avgPool2d: [n, c, oh, ow] -> [n, c, ...sides]. */
export const avgPoolGrad = definePrimitive<PoolAdjointAttrs>({
  name: "avgPoolGrad",
  infer: ([g], { size, sides }) => {
    const [n, c] = g.shape;
    const shape = [n, c, ...sides];
    if (!sameShape(pooledShape("avgPoolGrad", [{ shape, dtype: g.dtype }], size), g.shape)) {
      throw new ShapeError("avgPoolGrad", `${formatShape(g.shape)} is not ${formatShape(shape)} pooled by ${size}`);
    }
    return { shape, dtype: "f32" };
  },
  vjp: ({ cotangent, attrs }) => [cotangent.avgPool2d(attrs.size)],
  reference: ({ inputs, output, attrs: { size } }, [g], out) => {
    out.fill(0);
    const [n, c, h, w] = output.shape;
    const [, , oh, ow] = inputs[0].shape;
    for (let plane = 0; plane < n * c; plane++)
      for (let y = 0; y < oh * size; y++)
        for (let x = 0; x < ow * size; x++) {
          const from = (plane * oh + Math.floor(y / size)) * ow + Math.floor(x / size);
          out[(plane * h + y) * w + x] = g[from] / (size * size);
        }
  },
  onnx: (builder, { inputs: [g], attrs: { size, sides } }, [name]) => {
    const scaled = builder.node("Mul", [name, builder.floats([1 / (size * size)])]);
    const scales = builder.floats([1, 1, size, size], [4]);
    const spread = builder.node("Resize", [scaled, "", scales], {
      mode: "nearest",
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    });
    const rest = [sides[0] - g.shape[2] * size, sides[1] - g.shape[3] * size];
    if (rest[0] === 0 && rest[1] === 0) return spread;
    return builder.node("Pad", [spread, builder.ints([0, 0, 0, 0, 0, 0, ...rest])]);
  },
  webgpu: avgPoolGradInline,
  slices: rowByRow,
  samples: [
    { inputs: [{ shape: [1, 1, 1, 1] }], attrs: { size: 2, sides: [2, 2] } },
    { inputs: [{ shape: [2, 3, 4, 3] }], attrs: { size: 2, sides: [9, 7] } },
    { inputs: [{ shape: [17, 32, 2, 2] }], attrs: { size: 2, sides: [4, 4] } },
    { inputs: [{ shape: [3, 5, 2, 1] }], attrs: { size: 4, sides: [9, 7] } },
  ],
  badSamples: [
    {
      inputs: [{ shape: [1, 1, 4, 4], dtype: "f32" }],
      attrs: { size: 2, sides: [7, 8] },
      why: /is not \[1,1,7,8\] pooled/,
    },
  ],
});
