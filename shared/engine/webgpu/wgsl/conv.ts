// The ways to compute a convolution, and its adjoint to the images.
import type { Attrs } from "../../op.ts";
import type { ConvSizes } from "../../ops/conv2d.ts";
import type { GpuNode, VariantsOf } from "../kernel.ts";
import { directConv, directInputGrad } from "./conv-direct.ts";
import { lanesConv } from "./conv-lanes.ts";
import { Operand } from "./conv-operand.ts";
import { tiledConv, tiledInputGrad } from "./conv-tiles.ts";
import { convShapeClass, variantsOf } from "./ways.ts";

/** result[n, o, y, x] = sum of images[n, i, y * stride + ky - padding, x * stride + kx - padding] * weights[o, i, ky, kx]. */
export function convKernels(node: GpuNode<Attrs>, s: ConvSizes): VariantsOf {
  const sides = { from: [s.h, s.w], to: [s.oh, s.ow] } as const;
  return variantsOf(convShapeClass(s), {
    lanes: (subgroupSize) => lanesConv({ ...operands(node, s), ...sides, summedAxis: 1, subgroupSize }),
    tiles: () => tiledConv(node, s),
    direct: () => directConv(node, s),
  });
}

/** result[n, i, y, x] = sum of g[n, o, (y + padding - ky) / stride, (x + padding - kx) / stride] * weights[o, i, ky, kx]. */
export function convInputGradKernels(node: GpuNode<Attrs>, s: ConvSizes): VariantsOf {
  const sides = { from: [s.oh, s.ow], to: [s.h, s.w] } as const;
  return variantsOf(convShapeClass(s), {
    lanes: (subgroupSize) => lanesConv({ ...operands(node, s), ...sides, summedAxis: 0, subgroupSize }),
    tiles: () => tiledInputGrad(node, s),
    direct: () => directInputGrad(node, s),
  });
}

const operands = ({ inputs, output }: GpuNode<Attrs>, { n, kh, kw, stride, padding }: ConvSizes) => ({
  source: new Operand("source", inputs[0], true),
  weights: new Operand("weights", inputs[1]),
  result: new Operand("result", output, true),
  images: n,
  kernel: [kh, kw] as const,
  stride,
  padding,
});
