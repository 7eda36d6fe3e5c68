// The ways to compute a convolution.
import type { Attrs } from "../../op.ts";
import type { ConvSizes } from "../../ops/conv2d.ts";
import type { GpuNode, VariantsOf } from "../kernel.ts";
import { directConv } from "./conv-direct.ts";
import { lanesConv } from "./conv-lanes.ts";
import { Operand } from "./conv-operand.ts";
import { tiledConv } from "./conv-tiles.ts";
import { convShapeClass, variantsOf } from "./ways.ts";

/** result[n, o, y, x] = sum of images[n, i, y * stride + ky - padding, x * stride + kx - padding] * weights[o, i, ky, kx]. */
export function convKernels(node: GpuNode<Attrs>, s: ConvSizes): VariantsOf {
  const { inputs, output } = node;
  return variantsOf(convShapeClass(s), {
    lanes: (subgroupSize) =>
      lanesConv({
        source: new Operand("images", inputs[0]),
        weights: new Operand("weights", inputs[1]),
        result: new Operand("result", output),
        summedAxis: 1,
        images: s.n,
        from: [s.h, s.w],
        to: [s.oh, s.ow],
        kernel: [s.kh, s.kw],
        stride: s.stride,
        padding: s.padding,
        subgroupSize,
      }),
    tiles: () => tiledConv(node, s),
    direct: () => directConv(node, s),
  });
}
