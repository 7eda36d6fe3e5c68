// Kernels of sums and maxima over axes, in an order that is fixed by the shapes alone: each lane of a workgroup walks
// every lanes-th element, then the lanes are joined in order; few results of many elements are first reduced in parts.
import type { Attrs } from "../../op.ts";
import { sizeOf } from "../../shape.ts";
import { type Axis, loopLength, mergeAxes, placeOf, splitIndex } from "../indexing.ts";
import { defineGroupKernel, type GpuNode, type Kernel, type Lowering, type Slot } from "../kernel.ts";

type Reduction = "sum" | "max";

/** WGSL of both reductions for a type T; `first` makes what a lane starts from. */
const combine: Record<Reduction, (type: string) => string> = {
  sum: (type) => `fn combine(a: ${type}, b: ${type}) -> ${type} { return a + b; }`,
  // `max` may drop a NaN, which must reach the host: where either operand is one, so is the sum.
  max: (type) => {
    const bits = type === "f32" ? "u32" : "vec4u";
    return `fn isNan(x: ${type}) -> ${type === "f32" ? "bool" : "vec4<bool>"} {
  return (bitcast<${bits}>(x) & ${bits}(0x7fffffffu)) > ${bits}(0x7f800000u);
}
fn combine(a: ${type}, b: ${type}) -> ${type} { return select(max(a, b), a + b, isNan(a) | isNan(b)); }`;
  },
};

/** A pass: `kept` axes in the order of the result's memory with strides [result, input], `reduced` axes with [input]. */
interface Pass {
  readonly reduction: Reduction;
  readonly from: Slot;
  readonly to: Slot;
  readonly kept: readonly Axis[];
  readonly reduced: readonly Axis[];
  /** Into how many equal parts the reduced elements are cut; part after part is written. */
  readonly parts: number;
}

/** Lanes that share a result, one workgroup at most: small workgroups, since a software adapter pays for each barrier by the lane. */
const MAX_LANES = 32;
/** Where results lie side by side, pairs of lanes read whole sectors of 32 bytes. */
const MAX_LANES_SIDE_BY_SIDE = 16;
/** Invocations that keep a large GPU busy. */
const ENOUGH_INVOCATIONS = 16384;
const ELEMENTS_PER_PART = 1024;
const MAX_PARTS = 1024;

const powerOfTwo = (most: number) => 2 ** Math.max(0, Math.floor(Math.log2(most)));

function reducePass({ reduction, from, to, kept, reduced, parts }: Pass): Kernel {
  const inner = kept.at(-1);
  const strides = [...kept.slice(0, -1).map((axis) => axis.strides[1]), ...reduced.map((axis) => axis.strides[0])];
  const isVector = inner?.strides[1] === 1 && inner.length % 4 === 0 && strides.every((stride) => stride % 4 === 0);
  const width = isVector ? 4 : 1;
  const type = isVector ? "vec4f" : "f32";
  const inVector = (stride: number) => (isVector && stride !== 1 ? stride / 4 : stride);

  const lengths = kept.map(({ length }, axis) => (axis === kept.length - 1 ? length / width : length));
  const results = loopLength(kept) / width;
  const chunk = Math.ceil(loopLength(reduced) / parts);
  // Neighbouring invocations read neighbouring memory: along the result where that lies innermost, else along the reduced axis.
  const keptInnermost = inner?.strides[1] === 1;
  const total = results * parts;
  const most = keptInnermost ? MAX_LANES_SIDE_BY_SIDE : MAX_LANES;
  const lanes = chunk < 32 ? 1 : powerOfTwo(Math.min(chunk / 4, (2 * ENOUGH_INVOCATIONS) / total, most));
  const columns = lanes === 1 ? 64 : MAX_LANES / lanes;
  const size = lanes * columns;
  const exists = total % columns === 0 ? "" : `column < ${total}u`;

  const walk = `
    ${splitIndex(parts > 1 ? `(column % ${results}u)` : "column", lengths, "k")}
    let base = ${placeOf(
      "k",
      kept.map((axis) => inVector(axis.strides[1])),
    )};
    ${parts > 1 ? `let start = (column / ${results}u) * ${chunk}u;` : ""}
    ${parts > 1 ? `let stop = min(start + ${chunk}u, ${loopLength(reduced)}u);` : ""}
    var r = ${parts > 1 ? "start + " : ""}row;
    ${reduction === "max" ? valueAt("total =", reduced, inVector, `min(r, ${parts > 1 ? "stop - 1u" : `${chunk - 1}u`})`) : ""}
    for (; r < ${parts > 1 ? "stop" : `${chunk}u`}; r += ${lanes}u) {
      ${valueAt("total = combine(total,", reduced, inVector, "r", ")")}
    }`;
  const join =
    lanes === 1
      ? ""
      : `partial[lane] = total;
    workgroupBarrier();
    if (row == 0u) {
    for (var other = 1u; other < ${lanes}u; other++) {
    total = combine(total, partial[lane + other * ${keptInnermost ? columns : 1}u]);
    }
    }`;
  const isWriter = [lanes > 1 ? "row == 0u" : "", exists].filter(Boolean).join(" && ");
  return defineGroupKernel({
    reads: [{ slot: from, name: "in0", type }],
    writes: { slot: to, name: "result", type },
    groups: Math.ceil(total / columns),
    workgroupSize: size,
    declarations: `${lanes > 1 ? `var<workgroup> partial: array<${type}, ${size}>;\n` : ""}${combine[reduction](type)}`,
    body: `
    let column = job * ${columns}u + ${keptInnermost ? `lane % ${columns}u` : `lane / ${lanes}u`};
    let row = ${keptInnermost ? `lane / ${columns}u` : `lane % ${lanes}u`};
    var total = ${type}();
    ${exists ? `if (${exists}) {\n${walk}\n}` : walk}
    ${join}
    ${isWriter ? `if (${isWriter}) {\nresult[column] = total;\n}` : "result[column] = total;"}`,
  });
}

/** WGSL that reads the `index`-th reduced element, between `before` and `after`. */
function valueAt(
  before: string,
  reduced: readonly Axis[],
  inVector: (stride: number) => number,
  index: string,
  after = "",
): string {
  const split = splitIndex(
    "at",
    reduced.map(({ length }) => length),
    "r",
  );
  const place = placeOf(
    "r",
    reduced.map((axis) => inVector(axis.strides[0])),
  );
  return `{
    let at = ${index};
    ${split}
    ${before} in0[base + ${place}]${after};
    }`;
}

export function reduceKernels(
  { inputs: [x], output, attrs }: GpuNode<Attrs & { axes: readonly number[]; keepAxes: boolean }>,
  reduction: Reduction,
): Lowering {
  const all = x.shape.map((length, axis) => ({ axis, length, stride: x.strides[axis] }));
  const keptAxes = all.filter(({ axis }) => !attrs.axes.includes(axis));
  const kept = mergeAxes(
    keptAxes
      .map(
        ({ axis, length, stride }, at): Axis => ({
          length,
          strides: [output.strides[attrs.keepAxes ? axis : at], stride],
        }),
      )
      .sort((a, b) => b.strides[0] - a.strides[0]),
  );
  const reduced = mergeAxes(
    all
      .filter(({ axis }) => attrs.axes.includes(axis))
      .map(({ length, stride }): Axis => ({ length, strides: [stride] }))
      .sort((a, b) => b.strides[0] - a.strides[0]),
  );
  const results = sizeOf(output.shape);
  const length = loopLength(reduced);
  const wanted = results * MAX_LANES >= ENOUGH_INVOCATIONS ? 1 : Math.ceil(length / ELEMENTS_PER_PART);
  const parts = Math.min(wanted, MAX_PARTS);
  if (parts === 1) {
    return { kernels: [reducePass({ reduction, from: 0, to: "output", kept, reduced, parts })] };
  }
  return {
    scratchBytes: parts * results * 4,
    kernels: [
      reducePass({ reduction, from: 0, to: "scratch", kept, reduced, parts }),
      joinParts(reduction, results, parts),
    ],
  };
}

/** Reduces scratch memory [parts][results] to the result. */
export function joinParts(reduction: Reduction, results: number, parts: number): Kernel {
  const kept = mergeAxes([{ length: results, strides: [1, 1] }]);
  const reduced = mergeAxes([{ length: parts, strides: [results] }]);
  return reducePass({ reduction, from: "scratch", to: "output", kept, reduced, parts: 1 });
}
