// Kernels of concat: a dispatch for each input, so that any number of them fits the limit of bound buffers.
import { sizeOf } from "../../shape.ts";
import { coordinatesOf, inVectors, memoryOrder, placeOf, vectorWidth } from "../indexing.ts";
import { defineKernel, elementType, type GpuNode, type Lowering } from "../kernel.ts";

/** All inputs one after another along an axis. */
export function concatKernels({ inputs, output, attrs }: GpuNode<{ axis: number }>): Lowering {
  const inner = memoryOrder(output.strides).at(-1) ?? 0;
  let from = 0;
  const kernels = inputs.map((input, slot) => {
    const offset = from * output.strides[attrs.axis];
    from += input.shape[attrs.axis];
    const isEven = offset % 4 === 0 && input.shape[inner] % 4 === 0;
    const width = isEven ? vectorWidth(inner, output.shape[inner], [input.strides, output.strides]) : 1;
    const type = elementType(output.dtype, width);
    const place = (strides: readonly number[], start = 0) =>
      placeOf("p", inVectors(strides, inner, width), start / width);
    return defineKernel({
      reads: [{ slot, name: "in0", type }],
      writes: { slot: "output", name: "result", type },
      invocations: sizeOf(input.shape) / width,
      body: `${coordinatesOf("i", input, "p", width)}
      result[${place(output.strides, offset)}] = in0[${place(input.strides)}];`,
    });
  });
  return { kernels };
}
