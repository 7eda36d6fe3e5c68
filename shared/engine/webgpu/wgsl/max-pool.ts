// Kernels of max pooling and of the two maps at its maxima. Each looks for the maxima anew, so that no places are stored.
// A NaN counts as larger than any number: it must reach the host.
import { sizeOf } from "../../shape.ts";
import { coordinatesOf, inVectors, sumOf, vectorWidth } from "../indexing.ts";
import { defineKernel, elementType, type GpuNode, type GpuTensor, type Lowering } from "../kernel.ts";

type Node = GpuNode<{ size: number; stride: number; padding: number }>;

const CHANNELS = 1;

/** What the three kernels share: WGSL types for the width, and the place of a pixel of one image's channels. */
function loopOver({ output }: Node, tensors: readonly GpuTensor[]) {
  const width = vectorWidth(
    CHANNELS,
    output.shape[CHANNELS],
    [...tensors, output].map(({ strides }) => strides),
  );
  const isVector = width === 4;
  const bits = isVector ? "vec4u" : "u32";
  return {
    width,
    type: elementType("f32", width),
    bits,
    coordinates: coordinatesOf("i", output, "p", width),
    invocations: sizeOf(output.shape) / width,
    place: (tensor: GpuTensor, row: string, column: string) => {
      const [n, c, h, w] = inVectors(tensor.strides, CHANNELS, width);
      return sumOf([
        ["p0", n],
        ["p1", c],
        [row, h],
        [column, w],
      ]);
    },
    declarations: `fn isAbove(a: ${elementType("f32", width)}, b: ${elementType("f32", width)}) -> ${isVector ? "vec4<bool>" : "bool"} {
  return (a > b) | ((bitcast<${bits}>(a) & ${bits}(0x7fffffffu)) > ${bits}(0x7f800000u));
}`,
  };
}

/** WGSL of the first and of one past the last pixel of window `at` along a side, as `${name}From` and `${name}To`. */
function windowRange(name: string, at: string, side: number, { size, stride, padding }: Node["attrs"]): string {
  return `let ${name}From = max(${at} * ${stride}u, ${padding}u) - ${padding}u;
    let ${name}To = min(${at} * ${stride}u + ${size}u, ${side + padding}u) - ${padding}u;`;
}

/** The largest of each window of input `of`, or what input 0 holds at its place. */
function takeKernel(node: Node, of: 0 | 1): Lowering {
  const x = node.inputs[of];
  const [, , h, w] = x.shape;
  const loop = loopOver(node, node.inputs);
  const { type, place } = loop;
  const taken = of === 1;
  const kernel = defineKernel({
    reads: node.inputs.map((_, slot) => ({ slot, name: `in${slot}`, type })),
    writes: { slot: "output", name: "result", type },
    invocations: loop.invocations,
    declarations: loop.declarations,
    body: `${loop.coordinates}
      ${windowRange("row", "p2", h, node.attrs)}
      ${windowRange("column", "p3", w, node.attrs)}
      var best = in${of}[${place(x, "rowFrom", "columnFrom")}];
      ${taken ? `var value = in0[${place(node.inputs[0], "rowFrom", "columnFrom")}];` : ""}
      for (var row = rowFrom; row < rowTo; row++) {
      for (var column = columnFrom; column < columnTo; column++) {
      let here = in${of}[${place(x, "row", "column")}];
      let above = isAbove(here, best);
      best = select(best, here, above);
      ${taken ? `value = select(value, in0[${place(node.inputs[0], "row", "column")}], above);` : ""}
      }
      }
      result[i] = ${taken ? "value" : "best"};`,
  });
  return { kernels: [kernel] };
}

export const maxPoolKernel = (node: Node): Lowering => takeKernel(node, 0);
export const maxPoolTakeKernel = (node: Node): Lowering => takeKernel(node, 1);

/** Each pixel sums over the windows that it lies in and whose maximum it is. */
export function maxPoolGradKernel(node: Node): Lowering {
  const [g, x] = node.inputs;
  const [, , h, w] = x.shape;
  const { size, stride, padding } = node.attrs;
  const loop = loopOver(node, node.inputs);
  const { type, bits, place } = loop;
  const windowsOf = (name: string, pixel: string, count: number) =>
    `let ${name}From = (max(${pixel} + ${padding + stride}u, ${size}u) - ${size}u) / ${stride}u;
      let ${name}To = min((${pixel} + ${padding}u) / ${stride}u + 1u, ${count}u);`;
  const kernel = defineKernel({
    reads: [
      { slot: 0, name: "in0", type },
      { slot: 1, name: "in1", type },
    ],
    writes: { slot: "output", name: "result", type },
    invocations: loop.invocations,
    declarations: loop.declarations,
    body: `${loop.coordinates}
      let own = ${bits}(p2 * ${w}u + p3);
      ${windowsOf("y", "p2", g.shape[2])}
      ${windowsOf("x", "p3", g.shape[3])}
      var total = ${type}();
      for (var y = yFrom; y < yTo; y++) {
      for (var x = xFrom; x < xTo; x++) {
      ${windowRange("row", "y", h, node.attrs)}
      ${windowRange("column", "x", w, node.attrs)}
      var best = in1[${place(x, "rowFrom", "columnFrom")}];
      var at = ${bits}(rowFrom * ${w}u + columnFrom);
      for (var row = rowFrom; row < rowTo; row++) {
      for (var column = columnFrom; column < columnTo; column++) {
      let here = in1[${place(x, "row", "column")}];
      let above = isAbove(here, best);
      best = select(best, here, above);
      at = select(at, ${bits}(row * ${w}u + column), above);
      }
      }
      total += select(${type}(), in0[${place(g, "y", "x")}], at == own);
      }
      }
      result[i] = total;`,
  });
  return { kernels: [kernel] };
}
