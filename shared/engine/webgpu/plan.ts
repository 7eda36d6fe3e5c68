// The plan of a program: which kernels run in which order on which memory, and when memory is no longer needed.
// Node after node for now: fusion would rewrite the steps, a memory plan would number the memory, nothing else changes.
import { invariant } from "../../lib/invariant.ts";
import type { ProgramGraph } from "../backend.ts";
import { BackendError } from "../errors.ts";
import { formatType, type Node, topologicalOrder } from "../graph.ts";
import type { TensorType } from "../op.ts";
import { sizeOf } from "../shape.ts";
import type { GpuTensor, Kernel, Slot } from "./kernel.ts";
import { bufferBytes, deviceStrides } from "./layout.ts";
import { type Chooser, createChooser } from "./variants.ts";
import { joinParts } from "./wgsl/reduce.ts";

/** One dispatch: a kernel and the number of the memory behind each of its bindings. */
export interface Dispatch {
  /** The op and type of its result, for people. */
  readonly label: string;
  readonly kernel: Kernel;
  readonly memory: readonly number[];
  /** Memory that is first written here. */
  readonly born: readonly number[];
  /** Memory that nothing needs afterwards. */
  readonly dead: readonly number[];
}

export interface Plan {
  /** Bytes of each memory. The program's inputs come first, in their order. */
  readonly bytes: readonly number[];
  /** Scalars that some kernel reads from memory. */
  readonly constants: readonly { readonly memory: number; readonly value: number }[];
  readonly dispatches: readonly Dispatch[];
  /** Memory of each result. */
  readonly outputs: readonly number[];
}

export interface PlanLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
}

/** Without a chooser, the variants of a GPU of which nothing is known. */
export function planProgram(
  program: ProgramGraph,
  limits: PlanLimits,
  choose: Chooser = createChooser({ traits: { software: false } }),
): Plan {
  const bytes = program.inputs.map((input) => tensorBytes(input, "input", limits));
  const memoryOf = new Map<Node, number>();
  const constants = new Map<number, number>();
  const steps: { label: string; kernel: Kernel; memory: number[] }[] = [];
  const allocate = (size: number) => bytes.push(size) - 1;
  const tensor = (node: Node): GpuTensor => ({
    shape: node.shape,
    dtype: node.dtype,
    strides: deviceStrides(node),
    constant: constants.get(memoryOf.get(node) as number),
  });

  for (const node of topologicalOrder(program.outputs)) {
    const { op, attrs } = node;
    if (op.name === "input") {
      memoryOf.set(node, attrs.index as number);
    } else if (op.name === "constant") {
      const memory = allocate(bufferBytes([]));
      memoryOf.set(node, memory);
      constants.set(memory, attrs.value as number);
    } else {
      invariant(op.kind === "primitive", `${op.name} is expanded before it reaches the webgpu backend`);
      const inputs = node.inputs.map((input) => memoryOf.get(input) as number);
      const lowering = choose(op.name, op.webgpu({ inputs: node.inputs.map(tensor), output: tensor(node), attrs }));
      if (lowering === "alias") {
        memoryOf.set(node, inputs[0]);
        continue;
      }
      const label = `${op.name} ${formatType(node)}`;
      const output = allocate(tensorBytes(node, op.name, limits));
      memoryOf.set(node, output);
      const scratch = lowering.scratchBytes
        ? allocate(checkBytes(lowering.scratchBytes, `scratch of ${label}`, limits))
        : -1;
      const resolve = (slot: Slot) => (slot === "output" ? output : slot === "scratch" ? scratch : inputs[slot]);
      const { kernels, parts } = lowering;
      const join = parts ? [joinParts("sum", sizeOf(node.shape), parts)] : [];
      for (const kernel of [...kernels, ...join]) steps.push({ label, kernel, memory: kernel.slots.map(resolve) });
    }
  }

  const outputs = program.outputs.map((node) => memoryOf.get(node) as number);
  const dispatches = withLifetimes(steps, outputs, new Set([...program.inputs.keys(), ...constants.keys()]));
  const bound = new Set([...outputs, ...steps.flatMap(({ memory }) => memory)]);
  return {
    bytes,
    constants: [...constants].filter(([memory]) => bound.has(memory)).map(([memory, value]) => ({ memory, value })),
    dispatches,
    outputs,
  };
}

/** Marks the first and the last use of each memory; results outlive the program, constants every run. */
function withLifetimes(
  steps: readonly { label: string; kernel: Kernel; memory: readonly number[] }[],
  outputs: readonly number[],
  given: ReadonlySet<number>,
): Dispatch[] {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  steps.forEach(({ memory }, at) => {
    for (const each of memory) {
      if (!given.has(each) && !first.has(each)) first.set(each, at);
      last.set(each, at);
    }
  });
  for (const output of outputs) last.delete(output);
  const at = (uses: ReadonlyMap<number, number>, step: number, memory: readonly number[]) =>
    [...new Set(memory)].filter((each) => uses.get(each) === step);
  return steps.map((step, index) => ({
    ...step,
    born: at(first, index, step.memory),
    dead: at(last, index, step.memory),
  }));
}

/** Bytes of a tensor's memory. Throws a BackendError where the adapter cannot bind as much. */
export function tensorBytes(type: TensorType, op: string, limits: PlanLimits): number {
  return checkBytes(bufferBytes(type.shape), `${op} ${formatType(type)}`, limits);
}

function checkBytes(bytes: number, what: string, limits: PlanLimits): number {
  for (const limit of ["maxStorageBufferBindingSize", "maxBufferSize"] as const) {
    if (bytes <= limits[limit]) continue;
    const most = limits[limit];
    const hint = "Use a smaller batch or width, another adapter, or the onnx backend.";
    throw new BackendError("webgpu", `${what} needs ${bytes} bytes, above the adapter's ${limit} of ${most}`, hint);
  }
  return bytes;
}

/** The plan as text: one line a dispatch, then each different kernel once. */
export function printPlanned({ name, inputs }: ProgramGraph, plan: Plan): string {
  const sources = [...new Set(plan.dispatches.map(({ kernel }) => kernel.wgsl))];
  const list = (memory: readonly number[]) => memory.map((each) => `m${each}`).join(", ");
  const lines = plan.dispatches.map(({ label, kernel, memory, dead }) => {
    const groups = kernel.workgroups.join("x");
    const frees = dead.length > 0 ? `, frees ${list(dead)}` : "";
    return `m${memory.at(-1)} = ${label} (${list(memory.slice(0, -1))}) kernel ${sources.indexOf(kernel.wgsl)}, ${groups} workgroups${frees}`;
  });
  return [
    `plan ${name}: ${plan.dispatches.length} dispatches, ${sources.length} kernels`,
    ...inputs.map((input, index) => `m${index} = input ${formatType(input)}, ${plan.bytes[index]} bytes`),
    ...plan.constants.map(({ memory, value }) => `m${memory} = constant ${value}`),
    ...lines,
    `return ${list(plan.outputs)}`,
    ...sources.map((wgsl, index) => `\nkernel ${index}\n${wgsl.trimEnd()}`),
  ].join("\n");
}
