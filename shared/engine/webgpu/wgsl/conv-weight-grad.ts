// The ways to compute the adjoint of a convolution to its weights.
import type { Attrs } from "../../op.ts";
import type { ConvSizes } from "../../ops/conv2d.ts";
import type { GpuNode, VariantsOf } from "../kernel.ts";
import { directWeightGrad } from "./conv-direct.ts";
import { tiledWeightGrad } from "./conv-tiles.ts";
import { lanesWeightGrad } from "./conv-weight-lanes.ts";
import { convShapeClass, variantsOf } from "./ways.ts";

/** result[o, i, ky, kx] = sum of g[n, o, y, x] * images[n, i, y * stride + ky - padding, x * stride + kx - padding]. */
export function convWeightGradKernels(node: GpuNode<Attrs>, s: ConvSizes): VariantsOf {
  return variantsOf(convShapeClass(s), {
    lanes: (subgroupSize) => lanesWeightGrad(node, s, subgroupSize),
    tiles: () => tiledWeightGrad(node, s),
    direct: () => directWeightGrad(node, s),
  });
}
