// Kernels of gather and of its adjoint. The adjoint looks for the rows of each result, in order, so that sums repeat to the bit.
import type { Attrs } from "../../op.ts";
import { sizeOf } from "../../shape.ts";
import { coordinatesOf, inVectors, memoryOrder, sumOf, vectorWidth } from "../indexing.ts";
import { defineKernel, elementType, type GpuNode, type Lowering } from "../kernel.ts";

/** What both kernels share: a loop over the result, and the place in the operand of the same element of another row. */
function rowLoop({ inputs: [x, indices], output }: GpuNode<Attrs>) {
  const inner = memoryOrder(output.strides).at(-1) as number;
  const width = inner === 0 ? 1 : vectorWidth(inner, output.shape[inner], [x.strides, output.strides]);
  const strides = inVectors(x.strides, inner, width);
  const type = elementType(x.dtype, width);
  const rest = strides.slice(1).map((stride, at) => [`p${at + 1}`, stride] as const);
  return {
    type,
    source: {
      reads: [
        { slot: 0, name: "in0", type },
        { slot: 1, name: "indices", type: indices.dtype },
      ],
      writes: { slot: "output", name: "result", type } as const,
      invocations: sizeOf(output.shape) / width,
    },
    coordinates: coordinatesOf("i", output, "p", width),
    placeIn: (row: string) => sumOf([[row, strides[0]], ...rest]),
  };
}

export function scatterAddKernel(node: GpuNode<{ rows: number }>): Lowering {
  const { source, coordinates, placeIn, type } = rowLoop(node);
  const body = `${coordinates}
    var total = ${type}();
    for (var row = 0u; row < ${node.inputs[1].shape[0]}u; row++) {
    if (u32(indices[row]) == p0) {
    total += in0[${placeIn("row")}];
    }
    }
    result[i] = total;`;
  return { kernels: [defineKernel({ ...source, body })] };
}
