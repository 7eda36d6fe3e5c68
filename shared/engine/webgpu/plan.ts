// The plan of a program: which kernels run in which order, and where everything that they read and write lies.
import { invariant } from "../../lib/invariant.ts";
import type { ProgramGraph } from "../backend.ts";
import { BackendError } from "../errors.ts";
import { formatType, type Node, printTrail } from "../graph.ts";
import type { TensorType } from "../op.ts";
import { sizeOf } from "../shape.ts";
import { type Location, packArena } from "./arena.ts";
import { fuse, type Group } from "./fuse.ts";
import { bindWritable, type Kernel, type Slot } from "./kernel.ts";
import { bufferBytes } from "./layout.ts";
import { gpuNodeOf, lowerForGpu } from "./lower.ts";
import { inputRows, splitLarge } from "./split.ts";
import { type Chooser, createChooser } from "./variants.ts";

/** One dispatch: a kernel and the number of the memory behind each of its bindings. */
export interface Dispatch {
  /** The ops and the type of the last result, for people. */
  readonly label: string;
  readonly kernel: Kernel;
  readonly memory: readonly number[];
  /** Floating-point operations of its products. */
  readonly flops: number;
  /** The ops that led to it, for errors. */
  readonly trail: () => string;
  /** Why it is not part of an earlier dispatch, where that was tried. */
  readonly apart?: string | undefined;
}

/** Where a tensor lies: with the caller, whole or of its rows some, in a buffer of its own, or somewhere in the blocks that all programs share. */
export type MemoryPlace =
  | { readonly kind: "input" }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "own" }
  | { readonly kind: "rows"; readonly of: number; readonly offset: number }
  | ({ readonly kind: "arena" } & Location);

export interface PlannedMemory {
  /** The op and type that it holds, for people. */
  readonly label: string;
  readonly bytes: number;
  readonly place: MemoryPlace;
}

export interface Plan {
  /** The program's inputs come first, in their order. */
  readonly memory: readonly PlannedMemory[];
  readonly dispatches: readonly Dispatch[];
  /** Memory of each result. */
  readonly outputs: readonly number[];
  /** Bytes of each shared block that the program needs, and the least that any packing of its intermediate results takes. */
  readonly arenaBlocks: readonly number[];
  readonly arenaLowerBound: number;
}

export interface PlanLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxStorageBuffersPerShaderStage: number;
  readonly minStorageBufferOffsetAlignment: number;
  /** Invocations that keep the device busy. */
  readonly busy: number;
  /** Whether kernels bind inputs as they bind intermediate results, so that they need not be compiled for either. */
  readonly bindsAlike?: boolean;
}

/** The memory whose buffer holds a planned one: its own, or that of which it is some rows. */
export function homeOf(memory: readonly PlannedMemory[], at: number): number {
  const { place } = memory[at];
  return place.kind === "rows" ? place.of : at;
}

export const arenaBytes = ({ arenaBlocks }: Plan): number => arenaBlocks.reduce((sum, bytes) => sum + bytes, 0);

/** Bytes at once: inputs, results and intermediate results. */
export const plannedPeak = (plan: Plan): number =>
  arenaBytes(plan) +
  plan.memory.reduce((sum, { bytes, place }) => sum + (place.kind === "arena" || place.kind === "rows" ? 0 : bytes), 0);

/** Bytes that a dispatch reads and writes at least once. */
export const bytesOf = ({ memory }: Dispatch, planned: readonly PlannedMemory[]): number =>
  memory.reduce((sum, at) => sum + planned[at].bytes, 0);

/** A slow GPU, to say how long a dispatch may take. */
const SLOW = { flopsPerSecond: 1e11, bytesPerSecond: 1e10 };
/** Far less than the two seconds after which a system takes a submit for a hang. */
const SUBMIT_SECONDS = 0.1;
const SUBMIT_DISPATCHES = 256;

/** Dispatches that are submitted together: few submits, each of bounded estimated time. */
export function cutIntoSubmits<D extends Dispatch>(dispatches: readonly D[], planned: readonly PlannedMemory[]): D[][] {
  const submits: D[][] = [];
  let seconds = 0;
  for (const dispatch of dispatches) {
    const takes = dispatch.flops / SLOW.flopsPerSecond + bytesOf(dispatch, planned) / SLOW.bytesPerSecond;
    const last = submits.at(-1);
    if (last && seconds + takes <= SUBMIT_SECONDS && last.length < SUBMIT_DISPATCHES) {
      last.push(dispatch);
      seconds += takes;
    } else {
      submits.push([dispatch]);
      seconds = takes;
    }
  }
  return submits;
}

interface Draft {
  readonly label: string;
  readonly bytes: number;
  kind: MemoryPlace["kind"];
  readonly value?: number;
  /** Rows of an input: which, and from which byte. */
  readonly rows?: { readonly of: number; readonly offset: number };
  from: number;
  to: number;
}

/** Without a chooser, the variants of a GPU of which nothing is known. */
export function planProgram(
  program: ProgramGraph,
  limits: PlanLimits,
  choose: Chooser = createChooser({ traits: { software: false } }),
): Plan {
  const split = splitLarge(program.graph, program.outputs, {
    most: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    alignment: limits.minStorageBufferOffsetAlignment,
  });
  const lowered = lowerForGpu(program.graph, split, limits.busy, (node) => {
    invariant(node.op.kind === "primitive" && typeof node.op.webgpu === "function", `${node.op.name} has kernels`);
    return choose(node.op.name, node.op.webgpu(gpuNodeOf(node)));
  });
  const maxBuffers = limits.maxStorageBuffersPerShaderStage;
  const { groups, home, write } = fuse(lowered, { maxBuffers, busy: limits.busy });

  const drafts: Draft[] = program.inputs.map((input) => ({
    label: `input ${formatType(input)}`,
    bytes: bufferBytes(input.shape),
    kind: "input",
    from: 0,
    to: 0,
  }));
  const numbers = new Map<Node, number>();
  const draft = (label: string, bytes: number, kind: Draft["kind"], more: Partial<Draft> = {}): number =>
    drafts.push({ label, bytes, kind, ...more, from: -1, to: -1 }) - 1;
  const create = (node: Node): number => {
    const { op, attrs } = node;
    const label = `${op.name} ${formatType(node)}`;
    if (op.name === "constant") return draft(label, bufferBytes([]), "constant", { value: attrs.value as number });
    const bytes = tensorBytes(node, op.name, limits, () => printTrail(node.inputs));
    if (op.name === "input") return attrs.index as number;
    if (op === inputRows) {
      const offset = 4 * (attrs.from as number) * sizeOf(node.shape.slice(1));
      return draft(label, bytes, "rows", { rows: { of: node.inputs[0].attrs.index as number, offset } });
    }
    return draft(label, bytes, "arena");
  };
  const memoryOf = (node: Node): number => {
    const known = numbers.get(node) ?? create(node);
    numbers.set(node, known);
    return known;
  };
  const touch = (memory: readonly number[], at: number): void => {
    for (const each of memory) {
      const draft = drafts[each];
      if (draft.from < 0) draft.from = at;
      draft.to = at;
    }
  };

  const dispatches: Dispatch[] = [];
  const add = (dispatch: Dispatch): void => {
    touch(dispatch.memory, dispatches.length);
    dispatches.push(dispatch);
  };
  for (const group of groups) {
    if (group.space) {
      const { kernel, memory } = write(group, memoryOf);
      add({ label: labelOf(group), kernel, memory, flops: 0, trail: () => trailOf(group), apart: group.apart });
      continue;
    }
    const [node] = group.members;
    const lowering = lowered.kernels.get(node);
    invariant(lowering, `${node.op.name} has kernels`);
    const { kernels, scratchBytes } = lowering;
    const inputs = node.inputs.map((input) => memoryOf(home(input)));
    const label = labelOf(group);
    const trail = () => trailOf(group);
    const output = memoryOf(node);
    const isParts = node.op.name === "kernelParts";
    const what = `scratch of ${label}`;
    const scratch =
      scratchBytes && !isParts ? draft(what, checkBytes(scratchBytes, what, limits, trail), "arena") : output;
    const resolve = (slot: Slot) => (slot === "output" ? output : slot === "scratch" ? scratch : inputs[slot]);
    const flops = (lowered.flops.get(node) ?? 0) / kernels.length;
    for (const kernel of kernels) add({ label, kernel, memory: kernel.slots.map(resolve), flops, trail });
    // The same tensor twice cannot lie in the block that the kernel writes into.
    if (new Set(inputs).size < inputs.length) drafts[output].kind = "own";
  }

  const outputs = lowered.outputs.map((node) => memoryOf(home(node)));
  for (const output of outputs) if (drafts[output].kind === "arena") drafts[output].kind = "own";
  const inArena = drafts.flatMap((draft, at) => (draft.kind === "arena" ? [at] : []));
  const packing = packArena(
    inArena.map((at) => drafts[at]),
    limits.minStorageBufferOffsetAlignment,
    limits.maxBufferSize,
  );
  const placeOf = ({ kind, value, rows }: Draft, at: number): MemoryPlace => {
    if (kind === "rows") return { kind, ...(rows as NonNullable<Draft["rows"]>) };
    if (kind === "arena") return { kind, ...packing.locations[inArena.indexOf(at)] };
    return kind === "constant" ? { kind, value: value as number } : { kind };
  };
  const memory = drafts.map((each, at) => ({ label: each.label, bytes: each.bytes, place: placeOf(each, at) }));
  const isArena = (at: number) => memory[at].place.kind === "arena";
  const isAlone = (at: number, { memory: bound }: Dispatch) =>
    memory[at].place.kind === "input" && bound.filter((other) => homeOf(memory, other) === at).length === 1;
  return {
    memory,
    // A buffer that a dispatch writes into cannot be bound for reading alone: ranges of shared blocks are bound as writable.
    dispatches: dispatches.map((dispatch) => {
      const written = dispatch.memory.slice(-dispatch.kernel.written);
      const isWritable = (at: number) =>
        (written.some(isArena) && isArena(at)) ||
        (limits.bindsAlike === true && (isArena(at) || isAlone(at, dispatch)));
      return { ...dispatch, kernel: bindWritable(dispatch.kernel, dispatch.memory.map(isWritable)) };
    }),
    outputs,
    arenaBlocks: packing.blocks,
    arenaLowerBound: packing.lowerBound,
  };
}

function labelOf({ members }: Group): string {
  const names = members.map(({ op, attrs }) => (op.name === "kernelParts" ? String(attrs.of).split(" ")[0] : op.name));
  return `${names.join("+")} ${formatType(members[members.length - 1])}`;
}

/** What a group's kernel is given, and where that comes from. */
function trailOf({ members }: Group): string {
  const given = new Set(members.flatMap(({ inputs }) => inputs));
  return printTrail([...given].filter((node) => !members.includes(node)));
}

type SizeLimits = Partial<Pick<PlanLimits, "maxBufferSize" | "maxStorageBufferBindingSize">>;

/** Bytes of a tensor's memory. Throws a BackendError with the trail where the adapter has no such limits. */
export function tensorBytes(type: TensorType, op: string, limits: SizeLimits, trail = () => ""): number {
  return checkBytes(bufferBytes(type.shape), `${op} ${formatType(type)}`, limits, trail);
}

const SMALLER = "Use a smaller batch or width, another adapter, or the onnx backend.";

function checkBytes(bytes: number, what: string, limits: SizeLimits, trail: () => string): number {
  for (const limit of ["maxStorageBufferBindingSize", "maxBufferSize"] as const) {
    const most = limits[limit] ?? Number.POSITIVE_INFINITY;
    if (bytes <= most) continue;
    const problem = `${what} needs ${bytes} bytes, above the adapter's ${limit} of ${most}`;
    throw new BackendError("webgpu", [problem, trail()].filter(Boolean).join("\n"), SMALLER);
  }
  return bytes;
}

/** The plan as text: one line a dispatch, then each different kernel once. */
export function printPlanned({ name, inputs }: ProgramGraph, plan: Plan): string {
  const sources = [...new Set(plan.dispatches.map(({ kernel }) => kernel.wgsl))];
  const list = (memory: readonly number[]) => memory.map((each) => `m${each}`).join(", ");
  const describe = ({ bytes, place }: PlannedMemory, at: number): string => {
    if (place.kind === "input") return `m${at} = input ${formatType(inputs[at])}, ${bytes} bytes`;
    if (place.kind === "constant") return `m${at} = constant ${place.value}`;
    if (place.kind === "rows") return `m${at} = ${bytes} bytes at ${place.offset} of m${place.of}`;
    if (place.kind === "own") return `m${at} = ${bytes} bytes of its own`;
    return `m${at} = ${bytes} bytes at ${place.offset}${plan.arenaBlocks.length > 1 ? ` of block ${place.block}` : ""}`;
  };
  const lines = plan.dispatches.map(({ label, kernel, memory, apart }) => {
    const [read, written] = [memory.slice(0, -kernel.written), memory.slice(-kernel.written)];
    return `${list(written)} = ${label} (${list(read)}) kernel ${sources.indexOf(kernel.wgsl)}, ${kernel.workgroups.join("x")} workgroups${kernel.sizes ? `, sizes ${kernel.sizes.join(", ")}` : ""}${apart ? `; apart, since ${apart}` : ""}`;
  });
  return [
    `plan ${name}: ${plan.dispatches.length} dispatches, ${sources.length} kernels, ${arenaBytes(plan)} bytes shared (at least ${plan.arenaLowerBound}), ${plannedPeak(plan)} in all`,
    ...plan.memory.map(describe),
    ...lines,
    `return ${list(plan.outputs)}`,
    ...sources.map((wgsl, index) => `\nkernel ${index}\n${wgsl.trimEnd()}`),
  ].join("\n");
}
