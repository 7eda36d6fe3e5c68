// Average pooling whose windows may overlap, skip pixels, or reach over the edges, where zeros count as pixels (PyTorch's default).
import { ShapeError } from "../errors.ts";
import { defineComposite } from "../op.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** [n, c, h, w] -> [n, c, oh, ow]: the sum of one shifted image for each pixel of the window. */
export const stridedAvgPool = defineComposite<{ size: number; stride: number; padding: number }>({
  name: "stridedAvgPool",
  infer: ([x], { size, stride, padding }) => {
    const [n, c, h, w] = x.shape;
    if (x.shape.length !== 4 || x.dtype !== "f32" || size < 1 || size > Math.min(h, w) + 2 * padding) {
      throw new ShapeError(
        "stridedAvgPool",
        `a ${size}x${size} window does not fit ${x.dtype}${formatShape(x.shape)} with padding ${padding}`,
      );
    }
    const along = (side: number) => Math.floor((side + 2 * padding - size) / stride) + 1;
    return { shape: [n, c, along(h), along(w)], dtype: "f32" };
  },
  expand: ([x], { size, stride, padding }) => {
    const margin = [0, 0, padding, padding];
    const padded = padding === 0 ? x : x.pad(margin, margin);
    const [n, c, h, w] = padded.shape;
    const reach = (side: number) => Math.floor((side - size) / stride) * stride + 1;
    let sum: Tensor | undefined;
    for (let y = 0; y < size; y++)
      for (let at = 0; at < size; at++) {
        const shifted = padded.slice([0, 0, y, at], [n, c, y + reach(h), at + reach(w)], [1, 1, stride, stride]);
        sum = sum ? sum.add(shifted) : shifted;
      }
    return (sum as Tensor).mul(1 / (size * size));
  },
  onnx: (builder, { attrs: { size, stride, padding } }, [x]) =>
    builder.node("AveragePool", [x], {
      kernel_shape: [size, size],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
      count_include_pad: 1,
    }),
  samples: [
    { inputs: [{ shape: [2, 3, 7, 6] }], attrs: { size: 3, stride: 2, padding: 1 } },
    { inputs: [{ shape: [17, 1, 5, 5] }], attrs: { size: 2, stride: 1, padding: 0 } },
    { inputs: [{ shape: [2, 32, 4, 4] }], attrs: { size: 3, stride: 1, padding: 1 } },
    { inputs: [{ shape: [1, 5, 8, 9] }], attrs: { size: 2, stride: 3, padding: 0 } },
  ],
  badSamples: [
    {
      inputs: [{ shape: [1, 1, 2, 4], dtype: "f32" }],
      attrs: { size: 3, stride: 1, padding: 0 },
      why: /3x3 window does not fit f32\[1,1,2,4\] with padding 0/,
    },
  ],
});
