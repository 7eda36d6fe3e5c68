// Kernels of average pooling and its adjoint.
import { sizeOf } from "../../shape.ts";
import { coordinatesOf, inVectors, sumOf, vectorWidth } from "../indexing.ts";
import { defineKernel, elementType, floatLiteral, type GpuNode, type Lowering } from "../kernel.ts";

const CHANNELS = 1;

export function avgPoolKernel({ inputs: [x], output, attrs: { size } }: GpuNode<{ size: number }>): Lowering {
  const width = vectorWidth(CHANNELS, output.shape[CHANNELS], [x.strides, output.strides]);
  const [n, c, h, w] = inVectors(x.strides, CHANNELS, width);
  const type = elementType("f32", width);
  const kernel = defineKernel({
    reads: [{ slot: 0, name: "in0", type }],
    writes: { slot: "output", name: "result", type },
    invocations: sizeOf(output.shape) / width,
    body: `${coordinatesOf("i", output, "p", width)}
      let first = ${sumOf([
        ["p0", n],
        ["p1", c],
        ["p2", h * size],
        ["p3", w * size],
      ])};
      var total = ${type}();
      for (var y = 0u; y < ${size}u; y++) {
      for (var x = 0u; x < ${size}u; x++) {
      total += in0[first + ${sumOf([
        ["y", h],
        ["x", w],
      ])}];
      }
      }
      result[i] = total * ${floatLiteral(1 / (size * size))};`,
  });
  return { kernels: [kernel] };
}

export function avgPoolGradKernel({
  inputs: [g],
  output,
  attrs: { size },
}: GpuNode<{ size: number; sides: readonly number[] }>): Lowering {
  const width = vectorWidth(CHANNELS, output.shape[CHANNELS], [g.strides, output.strides]);
  const [n, c, h, w] = inVectors(g.strides, CHANNELS, width);
  const type = elementType("f32", width);
  const kernel = defineKernel({
    reads: [{ slot: 0, name: "in0", type }],
    writes: { slot: "output", name: "result", type },
    invocations: sizeOf(output.shape) / width,
    body: `${coordinatesOf("i", output, "p", width)}
      let y = p2 / ${size}u;
      let x = p3 / ${size}u;
      var value = ${type}();
      if (y < ${g.shape[2]}u && x < ${g.shape[3]}u) {
      value = in0[${sumOf([
        ["p0", n],
        ["p1", c],
        ["y", h],
        ["x", w],
      ])}] * ${floatLiteral(1 / (size * size))};
      }
      result[i] = value;`,
  });
  return { kernels: [kernel] };
}
