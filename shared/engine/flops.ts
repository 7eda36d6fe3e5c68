// The arithmetic of a program: what its convolutions and matrix products cost. Everything else is counted as free.
import type { ProgramGraph } from "./backend.ts";
import { type Node, topologicalOrder } from "./graph.ts";
import type { NodeView } from "./op.ts";
import {
  type ConvAdjointAttrs,
  type ConvAttrs,
  type ConvSizes,
  convInputGradSizes,
  convSizes,
  convWeightGradSizes,
} from "./ops/conv2d.ts";
import { type MatmulAttrs, matmulSizes } from "./ops/matmul.ts";

/** Floating-point operations of one run, a multiply-add counted as two, padding included. */
export function countFlops(program: ProgramGraph): number {
  return topologicalOrder(program.outputs).reduce((sum, node) => sum + flopsOf(node), 0);
}

/** Those of one node. */
export const flopsOf = (node: Node): number => 2 * countProducts(node);

function countProducts(node: Node): number {
  const view = { inputs: node.inputs, output: node, attrs: node.attrs };
  switch (node.op.name) {
    case "conv2d":
      return productsOf(convSizes(node.inputs[0].shape, node.inputs[1].shape, node.attrs as ConvAttrs));
    case "convInputGrad":
      return productsOf(convInputGradSizes(view as unknown as NodeView<ConvAdjointAttrs>));
    case "convWeightGrad":
      return productsOf(convWeightGradSizes(view as unknown as NodeView<ConvAdjointAttrs>));
    case "matmul": {
      const { batch, m, n, k } = matmulSizes(view as unknown as NodeView<MatmulAttrs>);
      return batch * m * n * k;
    }
    default:
      return 0;
  }
}

const productsOf = (s: ConvSizes) => (s.n * s.cout * s.oh * s.ow * s.cin * s.kh * s.kw) / s.groups;
