// What a lowering to WebGPU gives: kernels, each one dispatch, written against numbered inputs, one result and one scratch buffer.
import type { DType } from "../graph.ts";
import type { Attrs, TensorType } from "../op.ts";

/** A tensor as a kernel reads it. */
export interface GpuTensor extends TensorType {
  /** Elements between neighbours along each logical axis. */
  readonly strides: readonly number[];
  /** The value of a scalar constant. */
  readonly constant?: number;
}

/** A node as a lowering to WebGPU sees it. */
export interface GpuNode<A extends Attrs = Attrs> {
  readonly inputs: readonly GpuTensor[];
  readonly output: GpuTensor;
  readonly attrs: A;
}

/** What a binding of a kernel is bound to: an input of the node by index, its result, or its scratch memory. */
export type Slot = number | "output" | "scratch";

export interface Kernel {
  readonly wgsl: string;
  /** By binding number; the last ones are written, the others only read. */
  readonly slots: readonly Slot[];
  /** How many bindings are written. */
  readonly written: number;
  readonly workgroups: readonly [x: number, y: number];
  /** The numbers that the text leaves open, where there are any: bound behind all else. */
  readonly sizes?: readonly number[];
}

/**
 * Numbers, not negative, that a kernel's text leaves open and finds as `sizes.name`: kernels that differ in them alone are compiled
 * once, and loops to such a number stay loops, which on software adapters are far quicker to compile.
 */
export type Sizes = Readonly<Record<string, number>>;

export interface KernelLowering {
  readonly kernels: readonly Kernel[];
  readonly scratchBytes?: number;
  /** The kernels leave the result in scratch memory as this many addends, one after the other, each in the result's order in memory; the plan sums them. */
  readonly parts?: number;
}

/** The kernels that compute a node, in order; or `alias` when its input's memory already is the result. */
export type Lowering = "alias" | KernelLowering;

/** What is known of an adapter before anything is measured on it. */
export interface AdapterTraits {
  /** It computes on the CPU. */
  readonly software: boolean;
  /** Invocations of a subgroup, where kernels may use subgroups and all are of one size. */
  readonly subgroupSize?: number;
}

/** One way to compute a node. */
export interface Variant {
  readonly name: string;
  lower(): KernelLowering;
}

/** Several ways to compute a node on an adapter, of which one is chosen: see variants.ts. */
export interface VariantSet {
  /** Nodes of one op and class are computed alike: a choice measured for one holds for all. */
  readonly shapeClass: string;
  /** Those that fit the node and the adapter, at least one. */
  readonly variants: readonly Variant[];
  /** The name of the one to take where nothing was measured. */
  readonly preferred: string;
}

/** The ways to compute a node depend on the adapter: subgroups, for one. */
export type VariantsOf = (traits: AdapterTraits) => VariantSet;

export type ElementType = "f32" | "i32" | "vec4f" | "vec4i";

export interface Buffer {
  readonly slot: Slot;
  readonly name: string;
  readonly type: ElementType;
}

interface KernelSource {
  readonly reads: readonly Buffer[];
  readonly writes: Buffer;
  readonly sizes?: Sizes;
  /** How many invocations the body runs for; each finds its number in `i`. */
  readonly invocations: number;
  readonly workgroupSize?: number;
  /** Module-scope code before `main`. */
  readonly declarations?: string;
  /** The body uses subgroups and finds its place in one in `subgroupLane`. */
  readonly subgroups?: boolean;
  readonly body: string;
}

interface GroupKernelSource extends Omit<KernelSource, "invocations" | "writes"> {
  readonly writes: Buffer | readonly Buffer[];
  /** How many workgroups the body runs for; each finds its number in `job`, its invocations theirs in `lane`. */
  readonly groups: number;
  readonly workgroupSize: number;
}

/**
 * A number that a compiler does not know beforehand (there is one layer of workgroups), so that it keeps a loop a loop: some
 * take seconds for a kernel whose loops they unroll.
 */
export const unforeseen = (number: number): string => `${number}u + group.z`;

/** WebGPU's guaranteed limit, which no adapter is asked to raise. */
export const MAX_WORKGROUPS = 65535;

/** Workgroups as two numbers within the limit of a dimension, with few left over. */
export function foldWorkgroups(count: number): [number, number] {
  const y = Math.ceil(count / MAX_WORKGROUPS);
  return [Math.ceil(count / y), y];
}

/** A kernel whose invocations work alone. */
export function defineKernel(source: KernelSource): Kernel {
  const size = source.workgroupSize ?? 64;
  const guard = source.invocations % size === 0 ? "" : `if (i >= ${source.invocations}u) { return; }\n`;
  return defineGroupKernel({
    ...source,
    workgroupSize: size,
    groups: Math.ceil(source.invocations / size),
    body: `let i = job * ${size}u + lane;\n${guard}${source.body}`,
  });
}

/** A kernel whose workgroups work together. */
export function defineGroupKernel(source: GroupKernelSource): Kernel {
  const workgroups = foldWorkgroups(source.groups);
  const [x, y] = workgroups;
  const job = y === 1 ? "group.x" : `group.y * ${x}u + group.x`;
  const guard = x * y === source.groups ? "" : `if (job >= ${source.groups}u) { return; }\n`;
  const writes = "slot" in source.writes ? [source.writes] : source.writes;
  const buffers = [...source.reads, ...writes];
  const bindings = buffers.map(
    ({ name, type }, index) =>
      `@group(0) @binding(${index}) var<storage, ${index < source.reads.length ? "read" : "read_write"}> ${name}: array<${type}>;`,
  );
  const sizes = Object.entries(source.sizes ?? {});
  if (sizes.length > 0) {
    bindings.unshift(`struct Sizes { ${sizes.map(([name]) => `${name}: u32`).join(", ")} }`);
    bindings.push(`@group(0) @binding(${buffers.length}) var<uniform> given: Sizes;`);
  }
  // Read once, before all loops.
  const open = sizes.length > 0 ? "let sizes = given;\n" : "";
  const enable = source.subgroups ? "enable subgroups;\n" : "";
  const builtin = source.subgroups ? ", @builtin(subgroup_invocation_id) subgroupLane: u32" : "";
  const wgsl = `${enable}${bindings.join("\n")}
${source.declarations ?? ""}
@compute @workgroup_size(${source.workgroupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32${builtin}) {
${indent(`${open}let job = ${job};\n${guard}${source.body}`)}
}
`;
  return {
    wgsl,
    slots: buffers.map(({ slot }) => slot),
    written: writes.length,
    workgroups,
    ...(sizes.length > 0 && { sizes: sizes.map(([, size]) => size) }),
  };
}

/** Two spaces a level of braces; lines of a generated body come without any. */
function indent(body: string): string {
  let depth = 1;
  return body
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const closes = line.startsWith("}");
      const text = `${"  ".repeat(closes ? depth - 1 : depth)}${line}`;
      depth += line.split("{").length - line.split("}").length;
      return text;
    })
    .join("\n");
}

export function elementType(dtype: DType, width: 1 | 4): ElementType {
  if (width === 1) return dtype;
  return dtype === "f32" ? "vec4f" : "vec4i";
}

/** A finite float32 as a WGSL literal. */
export function floatLiteral(value: number): string {
  const text = String(Math.fround(value));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

/** The kernel with the bindings of `writable` declared as such, though it only reads them. */
export function bindWritable(kernel: Kernel, writable: readonly boolean[]): Kernel {
  const wgsl = kernel.wgsl.replace(/@binding\((\d+)\) var<storage, read>/g, (text, binding: string) =>
    writable[Number(binding)] ? `@binding(${binding}) var<storage, read_write>` : text,
  );
  return { ...kernel, wgsl };
}
