// The ways to compute the adjoint of a convolution to its images.
import type { Attrs } from "../../op.ts";
import type { ConvSizes } from "../../ops/conv2d.ts";
import type { GpuNode, VariantsOf } from "../kernel.ts";
import { directInputGrad } from "./conv-direct.ts";
import { lanesConv } from "./conv-lanes.ts";
import { Operand } from "./conv-operand.ts";
import { tiledInputGrad } from "./conv-tiles.ts";
import { convShapeClass, variantsOf } from "./ways.ts";

/** result[n, i, y, x] = sum of g[n, o, (y + padding - ky) / stride, (x + padding - kx) / stride] * weights[o, i, ky, kx]. */
export function convInputGradKernels(node: GpuNode<Attrs>, s: ConvSizes): VariantsOf {
  const { inputs, output } = node;
  return variantsOf(convShapeClass(s), {
    lanes: (subgroupSize) =>
      lanesConv({
        source: new Operand("g", inputs[0]),
        weights: new Operand("weights", inputs[1]),
        result: new Operand("result", output),
        summedAxis: 0,
        images: s.n,
        from: [s.oh, s.ow],
        to: [s.h, s.w],
        kernel: [s.kh, s.kw],
        stride: s.stride,
        padding: s.padding,
        subgroupSize,
      }),
    tiles: () => tiledInputGrad(node, s),
    direct: () => directInputGrad(node, s),
  });
}
