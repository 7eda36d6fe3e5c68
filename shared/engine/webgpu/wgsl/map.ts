// Kernels that make each element of the result from one element of each operand: element-wise ops, and the copies of movement.ts.
// WGSL lets a compiler assume that there are no NaN and no infinities. Arithmetic carries them on every driver we know, but
// `max` and `min` may drop a NaN, and a diverged network would look healthy behind its relu: those test the bits (isNan).
// Comparisons with NaN are left to the driver. That a loss is finite is tested on the host.
import type { Attrs } from "../../op.ts";
import type { Shape } from "../../shape.ts";
import { type Axis, mergeAxes, placeOf, splitIndex } from "../indexing.ts";
import {
  defineKernel,
  elementType,
  floatLiteral,
  type GpuNode,
  type GpuTensor,
  type Kernel,
  type Lowering,
} from "../kernel.ts";

/** An operand of a map: where its element for given coordinates lies, or its value. */
interface Operand {
  readonly slot: number;
  /** Along the axes of the map's shape. */
  readonly strides: readonly number[];
  readonly offset?: number;
  readonly constant?: number;
}

interface MapSource {
  readonly shape: Shape;
  readonly dtype: GpuTensor["dtype"];
  readonly operands: readonly Operand[];
  readonly result: { readonly strides: readonly number[]; readonly offset?: number };
  /** Whether every element of the result is written, so that the padding behind the last may be as well. */
  readonly whole: boolean;
  /** WGSL of one element from scalar operands. */
  readonly formula: (...operands: string[]) => string;
}

const isNan = "fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }";

export function mapKernel({ shape, dtype, operands, result, whole, formula }: MapSource): Kernel {
  const bound = operands.filter(({ constant }) => !isInlined(constant));
  const accesses = [result, ...bound];
  const axes = mergeAxes(
    shape
      .map((length, axis): Axis => ({ length, strides: accesses.map(({ strides }) => strides[axis]) }))
      .sort((a, b) => b.strides[0] - a.strides[0]),
  );
  const offsets = accesses.map(({ offset }) => offset ?? 0);
  const width = fillsVectors(axes, offsets, whole) ? 4 : 1;
  const lengths = axes.map(({ length }, index) => (index === axes.length - 1 ? Math.ceil(length / width) : length));
  // Where a buffer of `vec4` is read, all strides but the innermost count in fours.
  const isVector = (access: number) => width === 4 && axes[axes.length - 1].strides[access] === 1;
  const place = (access: number) =>
    placeOf(
      "p",
      axes.map(({ strides }, index) =>
        isVector(access) && index < axes.length - 1 ? strides[access] / 4 : strides[access],
      ),
      isVector(access) ? offsets[access] / 4 : offsets[access],
    );
  const names = new Map(bound.map((operand, index) => [operand, `x${index}`]));
  const parts = width === 4 ? [".x", ".y", ".z", ".w"] : [""];
  const element = (part: string) =>
    formula(
      ...operands.map((operand) => {
        const name = names.get(operand);
        if (!name) return floatLiteral(operand.constant as number);
        return isVector(1 + bound.indexOf(operand)) ? `${name}${part}` : name;
      }),
    );
  const values = parts.map(element);
  const type = elementType(dtype, width);
  const value = width === 4 ? `${type}(${values.join(", ")})` : values[0];
  return defineKernel({
    reads: bound.map(({ slot }, index) => ({
      slot,
      name: `in${index}`,
      type: elementType(dtype, isVector(1 + index) ? 4 : 1),
    })),
    writes: { slot: "output", name: "result", type },
    invocations: lengths.reduce((product, length) => product * length, 1),
    declarations: value.includes("isNan(") ? isNan : "",
    body: [
      splitIndex("i", lengths, "p"),
      ...bound.map((_, index) => `let x${index} = in${index}[${place(1 + index)}];`),
      `result[${place(0)}] = ${value};`,
    ].join("\n"),
  });
}

/** Whether four neighbours of the result can be made at once: each buffer steps by 1 or stays, and starts on a multiple of 4. */
function fillsVectors(axes: readonly Axis[], offsets: readonly number[], whole: boolean): boolean {
  const inner = axes.at(-1);
  if (inner?.strides[0] !== 1) return false;
  const outer = axes.slice(0, -1);
  const steps = inner.strides.every((stride, access) => {
    if (stride === 0) return true;
    return stride === 1 && offsets[access] % 4 === 0 && outer.every(({ strides }) => strides[access] % 4 === 0);
  });
  return steps && (inner.length % 4 === 0 || (whole && axes.length === 1 && offsets.every((offset) => offset === 0)));
}

const isInlined = (constant: number | undefined) => constant !== undefined && Number.isFinite(Math.fround(constant));

/** Strides along the axes of `target` of a tensor that is broadcast to it. */
export function broadcastedStrides({ shape, strides }: GpuTensor, target: Shape): number[] {
  const shift = target.length - shape.length;
  return target.map((_, axis) => (axis < shift || shape[axis - shift] === 1 ? 0 : strides[axis - shift]));
}

/** An element-wise op with NumPy's broadcasting. */
export function elementwiseKernel(node: GpuNode<Attrs>, formula: (...operands: string[]) => string): Lowering {
  const { inputs, output } = node;
  // WGSL refuses to compile what it can compute beforehand and finds not finite, so one operand stays in memory.
  const allConstant = inputs.every(({ constant }) => isInlined(constant));
  const operands = inputs.map((input, slot) => ({
    slot,
    strides: broadcastedStrides(input, output.shape),
    constant: allConstant ? undefined : input.constant,
  }));
  return {
    kernels: [mapKernel({ shape: output.shape, dtype: "f32", operands, result: output, whole: true, formula })],
  };
}
