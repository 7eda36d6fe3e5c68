// Kernels of the ops that only move values.

import type { Attrs } from "../../op.ts";
import { sizeOf, stridesOf } from "../../shape.ts";
import { coordinatesOf, inVectors, memoryOrder, placeOf, splitIndex, vectorWidth } from "../indexing.ts";
import { defineKernel, elementType, type GpuNode, type Lowering } from "../kernel.ts";
import { sameMemory } from "../layout.ts";
import { broadcastedStrides, mapKernel } from "./map.ts";

/** Nothing where the memory already reads as the new shape; else a copy in the logical order of elements. */
export function reshapeLowering({ inputs: [x], output }: GpuNode<Attrs>): Lowering {
  if (sameMemory(x, output)) return "alias";
  const kernel = defineKernel({
    reads: [{ slot: 0, name: "in0", type: x.dtype }],
    writes: { slot: "output", name: "result", type: output.dtype },
    invocations: sizeOf(output.shape),
    body: `${coordinatesOf("i", output, "p")}
      let element = ${placeOf("p", stridesOf(output.shape))};
      ${splitIndex("element", x.shape, "q")}
      result[i] = in0[${placeOf("q", x.strides)}];`,
  });
  return { kernels: [kernel] };
}

export function padKernel({
  inputs: [x],
  output,
  attrs: { low, high },
}: GpuNode<{ low: readonly number[]; high: readonly number[] }>): Lowering {
  const inner = memoryOrder(output.strides).at(-1) ?? 0;
  const isPadded = (axis: number) => low[axis] > 0 || high[axis] > 0;
  const width = isPadded(inner) ? 1 : vectorWidth(inner, x.shape[inner], [x.strides, output.strides]);
  const type = elementType(x.dtype, width);
  const inside = x.shape.flatMap((length, axis) => {
    const tests: string[] = [];
    if (low[axis] > 0) tests.push(`p${axis} >= ${low[axis]}u`);
    if (high[axis] > 0) tests.push(`p${axis} < ${low[axis] + length}u`);
    return tests;
  });
  const strides = inVectors(x.strides, inner, width);
  // Before the first element of the operand the sum wraps below zero and back.
  const margin = strides.reduce((sum, stride, axis) => sum + stride * low[axis], 0);
  const kernel = defineKernel({
    reads: [{ slot: 0, name: "in0", type }],
    writes: { slot: "output", name: "result", type },
    invocations: sizeOf(output.shape) / width,
    body: `${coordinatesOf("i", output, "p", width)}
      var value = ${type}();
      if (${inside.join(" && ") || "true"}) {
      value = in0[${placeOf("p", strides)} - ${margin}u];
      }
      result[i] = value;`,
  });
  return { kernels: [kernel] };
}

/** A copy of input 0: the element at given coordinates of the result comes from `offset + sum(coordinate * stride)`. */
function stridedCopy({ inputs, output }: GpuNode<Attrs>, strides: readonly number[], offset = 0): Lowering {
  const operands = [{ slot: 0, strides, offset, constant: inputs[0].constant }];
  const { shape, dtype } = output;
  return { kernels: [mapKernel({ shape, dtype, operands, result: output, whole: true, formula: (x) => x })] };
}

/** All inputs one after another along an axis: a dispatch each, so that any number fits the limit of bound buffers. */
export function concatKernels({ inputs, output, attrs }: GpuNode<{ axis: number }>): Lowering {
  let from = 0;
  const kernels = inputs.map((input, slot) => {
    const offset = from * output.strides[attrs.axis];
    from += input.shape[attrs.axis];
    return mapKernel({
      shape: input.shape,
      dtype: output.dtype,
      operands: [{ slot, strides: input.strides }],
      result: { strides: output.strides, offset },
      whole: sizeOf(input.shape) === sizeOf(output.shape),
      formula: (x) => x,
    });
  });
  return { kernels };
}

export function permutedCopy(node: GpuNode<{ order: readonly number[] }>): Lowering {
  return stridedCopy(
    node,
    node.attrs.order.map((axis) => node.inputs[0].strides[axis]),
  );
}

export function expandedCopy(node: GpuNode<Attrs>): Lowering {
  return stridedCopy(node, broadcastedStrides(node.inputs[0], node.output.shape));
}

export function slicedCopy(
  node: GpuNode<{ start: readonly number[]; stop: readonly number[]; step: readonly number[] }>,
): Lowering {
  const { strides } = node.inputs[0];
  const { start, step } = node.attrs;
  return stridedCopy(
    node,
    strides.map((stride, axis) => stride * step[axis]),
    start.reduce((offset, from, axis) => offset + from * strides[axis], 0),
  );
}

export function flippedCopy(node: GpuNode<{ axes: readonly number[] }>): Lowering {
  const { shape, strides } = node.inputs[0];
  const { axes } = node.attrs;
  return stridedCopy(
    node,
    strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride)),
    axes.reduce((offset, axis) => offset + (shape[axis] - 1) * strides[axis], 0),
  );
}
