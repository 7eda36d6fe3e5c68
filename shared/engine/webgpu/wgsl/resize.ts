// Kernels of resizing and of its adjoint, which looks through the few results that a pixel can have a part in.
import { sizeOf } from "../../shape.ts";
import { coordinatesOf, inVectors, sumOf, vectorWidth } from "../indexing.ts";
import { defineKernel, elementType, floatLiteral, type GpuNode, type GpuTensor, type Lowering } from "../kernel.ts";

type Node = GpuNode<{ sides: readonly number[]; mode: string }>;

const CHANNELS = 1;

/** WGSL functions of each side: which two pixels make the `place`-th result, and the weight of the second. */
function tapFunctions(from: readonly number[], to: readonly number[], mode: string): string {
  const source = (side: number) =>
    mode === "nearest"
      ? `return Tap(place * ${from[side]}u / ${to[side]}u, 0u, 0.0);`
      : `let source = max((f32(place) + 0.5) * ${floatLiteral(from[side] / to[side])} - 0.5, 0.0);
  let first = min(u32(source), ${from[side] - 1}u);
  return Tap(first, min(first + 1u, ${from[side] - 1}u), source - f32(first));`;
  const named = ["row", "column"].map((name, side) => `fn ${name}Tap(place: u32) -> Tap {\n  ${source(side)}\n}`);
  return `struct Tap { first: u32, second: u32, part: f32 }\n${named.join("\n")}`;
}

function loopOver(node: Node) {
  const [x] = node.inputs;
  const { output } = node;
  const width = vectorWidth(CHANNELS, output.shape[CHANNELS], [x.strides, output.strides]);
  const [n, c, h, w] = inVectors(x.strides, CHANNELS, width);
  const type = elementType("f32", width);
  return {
    type,
    source: {
      reads: [{ slot: 0, name: "in0", type }],
      writes: { slot: "output", name: "result", type } as const,
      invocations: sizeOf(output.shape) / width,
    },
    coordinates: coordinatesOf("i", output, "p", width),
    pixel: (row: string, column: string) =>
      `in0[${sumOf([
        ["p0", n],
        ["p1", c],
        [row, h],
        [column, w],
      ])}]`,
  };
}

const sidesOf = ({ shape }: GpuTensor) => shape.slice(2);

export function resizeKernel(node: Node): Lowering {
  const { source, coordinates, pixel } = loopOver(node);
  const { mode } = node.attrs;
  const nearest = `result[i] = ${pixel("row.first", "column.first")};`;
  const bilinear = `let upper = mix(${pixel("row.first", "column.first")}, ${pixel("row.first", "column.second")}, column.part);
      let lower = mix(${pixel("row.second", "column.first")}, ${pixel("row.second", "column.second")}, column.part);
      result[i] = mix(upper, lower, row.part);`;
  const kernel = defineKernel({
    ...source,
    declarations: tapFunctions(sidesOf(node.inputs[0]), sidesOf(node.output), mode),
    body: `${coordinates}
      let row = rowTap(p2);
      let column = columnTap(p3);
      ${mode === "nearest" ? nearest : bilinear}`,
  });
  return { kernels: [kernel] };
}

export function resizeGradKernel(node: Node): Lowering {
  const { source, coordinates, pixel, type } = loopOver(node);
  const { mode } = node.attrs;
  const [from, to] = [sidesOf(node.output), sidesOf(node.inputs[0])];
  // Pixel p has a part in results whose source lies between p - 1 and p + 1; one more on each side covers rounding, and the
  // edges take what lies beyond them.
  const range = (name: string, p: string, side: number) => {
    const ratio = floatLiteral(to[side] / from[side]);
    return `let ${name}From = u32(max((f32(${p}) - 1.0) * ${ratio} - 2.0, 0.0));
      let ${name}To = min(u32((f32(${p}) + 2.0) * ${ratio} + 2.0), ${to[side]}u);`;
  };
  const share = (tap: string, p: string) =>
    `select(0.0, 1.0 - ${tap}.part, ${tap}.first == ${p}) + select(0.0, ${tap}.part, ${tap}.second == ${p})`;
  const kernel = defineKernel({
    ...source,
    declarations: tapFunctions(from, to, mode),
    body: `${coordinates}
      ${range("y", "p2", 0)}
      ${range("x", "p3", 1)}
      var total = ${type}();
      for (var y = yFrom; y < yTo; y++) {
      let row = rowTap(y);
      let rowShare = ${share("row", "p2")};
      if (rowShare == 0.0) { continue; }
      for (var x = xFrom; x < xTo; x++) {
      let column = columnTap(x);
      total += (rowShare * (${share("column", "p3")})) * ${pixel("y", "x")};
      }
      }
      result[i] = total;`,
  });
  return { kernels: [kernel] };
}
