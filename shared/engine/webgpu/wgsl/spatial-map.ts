// Kernel of spatialMap: each pixel is a weighted sum of a few others, listed by the map.
import type { Attrs } from "../../op.ts";
import { sizeOf } from "../../shape.ts";
import { coordinatesOf, inVectors, sumOf, vectorWidth } from "../indexing.ts";
import { defineKernel, elementType, type GpuNode, type Lowering } from "../kernel.ts";

const CHANNELS = 1;

export function spatialMapKernel({ inputs: [x, indices], output }: GpuNode<Attrs>): Lowering {
  const [n, c, , w] = x.shape;
  const [maps, results, taps] = indices.shape;
  const width = vectorWidth(CHANNELS, c, [x.strides, output.strides]);
  const [strideN, strideC, strideH, strideW] = inVectors(x.strides, CHANNELS, width);
  const type = elementType("f32", width);
  const from =
    strideH === w * strideW
      ? sumOf([["pixel", strideW]])
      : sumOf([
          [`(pixel / ${w}u)`, strideH],
          [`(pixel % ${w}u)`, strideW],
        ]);
  const kernel = defineKernel({
    reads: [
      { slot: 0, name: "in0", type },
      { slot: 1, name: "indices", type: "i32" },
      { slot: 2, name: "weights", type: "f32" },
    ],
    writes: { slot: "output", name: "result", type },
    invocations: sizeOf(output.shape) / width,
    body: `${coordinatesOf("i", output, "p", width)}
      let first = (${maps === 1 ? "" : `p0 / ${n / maps}u * ${results}u + `}p2 * ${output.shape[3]}u + p3) * ${taps}u;
      let plane = ${sumOf([
        ["p0", strideN],
        ["p1", strideC],
      ])};
      var total = ${type}();
      for (var k = first; k < first + ${taps}u; k++) {
      let pixel = u32(indices[k]);
      total += weights[k] * in0[plane + ${from}];
      }
      result[i] = total;`,
  });
  return { kernels: [kernel] };
}
