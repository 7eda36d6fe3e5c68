// Measures an op's variants on a device, so that a plan can take the fastest: once per adapter, op and shape class.
import type { ProgramGraph } from "../backend.ts";
import { flopsOf } from "../flops.ts";
import { topologicalOrder } from "../graph.ts";
import type { Attrs } from "../op.ts";
import type { AdapterTraits, GpuNode, GpuTensor, KernelLowering, VariantsOf } from "./kernel.ts";
import { bufferBytes, deviceStrides } from "./layout.ts";
import { gpuForm, gpuNodeOf, isSource } from "./lower.ts";
import { SizesCache } from "./sizes.ts";
import { createStopwatch, type Encode, prepare, type Stopwatch } from "./stopwatch.ts";
import { allowedVariants, choiceKey, type VariantMemory } from "./variants.ts";

/** A node and its variants. */
export interface Tunable {
  readonly op: string;
  readonly node: GpuNode;
  readonly variants: VariantsOf;
}

// GPUBufferUsage, which only browsers have as a global.
const STORAGE = 0x80;
const REPEATS = 2;
/** A variant slower than the best by this much at first sight is not measured again. */
const HOPELESS = 3;

/** A node as lowerings see it, from the types of its inputs and its result. */
export function gpuNode(
  inputs: readonly Pick<GpuTensor, "shape" | "dtype">[],
  output: Pick<GpuTensor, "shape" | "dtype">,
  attrs: Attrs,
): GpuNode {
  const tensor = ({ shape, dtype }: Pick<GpuTensor, "shape" | "dtype">): GpuTensor => ({
    shape,
    dtype,
    strides: deviceStrides({ shape, dtype }),
  });
  return { inputs: inputs.map(tensor), output: tensor(output), attrs };
}

/** The nodes of a program that can be computed in several ways, those that cost most first. */
export function listTunables({ outputs }: ProgramGraph): Tunable[] {
  const nodes = topologicalOrder(outputs).filter((node) => !isSource(node));
  return nodes
    .sort((a, b) => flopsOf(b) - flopsOf(a))
    .flatMap((node) => {
      const form = gpuForm(node);
      const given = gpuNodeOf(node);
      const variants = typeof form === "function" ? form(given) : undefined;
      return typeof variants === "function" ? [{ op: node.op.name, node: given, variants }] : [];
    });
}

export interface TuneOptions {
  /** As of VariantChoice: they are not measured. */
  readonly disabled?: readonly string[];
  /** No further class is measured after this time: what is left takes the preferred variant. */
  readonly budgetMs?: number;
}

/**
 * The fastest variant of each node's op and shape class, as plain JSON. Every class has an entry in the end, so that it is
 * computed alike from then on; those in `known` are not measured again. The device should not compute anything else meanwhile.
 */
export async function tuneVariants(
  device: GPUDevice,
  traits: AdapterTraits,
  nodes: readonly Tunable[],
  known: VariantMemory = {},
  { disabled = [], budgetMs = Number.POSITIVE_INFINITY }: TuneOptions = {},
): Promise<VariantMemory> {
  const memory: Record<string, string> = { ...known };
  const deadline = performance.now() + budgetMs;
  const stopwatch = createStopwatch(device);
  try {
    for (const { op, node, variants } of nodes) {
      const set = variants(traits);
      const key = choiceKey(op, set);
      if (memory[key]) continue;
      memory[key] = set.preferred;
      const allowed = allowedVariants(op, set, disabled);
      if (allowed.length === 1 || performance.now() > deadline) continue;
      let best = Number.POSITIVE_INFINITY;
      for (const { name, lower } of allowed) {
        const milliseconds = await timeLowering(device, stopwatch, node, lower(), best * HOPELESS).catch(unmeasured);
        if (milliseconds >= best) continue;
        best = milliseconds;
        memory[key] = name;
      }
    }
  } finally {
    stopwatch.destroy();
  }
  return memory;
}

/** What does not compile, or finds no memory, is not the fastest; should nothing else be there, the plan says what is wrong. */
const unmeasured = () => Number.POSITIVE_INFINITY;

/** Milliseconds of a lowering on memory of its own, the sum of its parts left out; the least of a few runs. */
export async function timeLowering(
  device: GPUDevice,
  stopwatch: Stopwatch,
  { inputs, output }: GpuNode,
  { kernels, scratchBytes = 0 }: KernelLowering,
  giveUp = Number.POSITIVE_INFINITY,
  repeats = REPEATS,
): Promise<number> {
  device.pushErrorScope("out-of-memory");
  const buffer = (size: number) => device.createBuffer({ size, usage: STORAGE });
  const slots = inputs.map(({ shape }) => buffer(bufferBytes(shape)));
  const result = buffer(bufferBytes(output.shape));
  const scratch = buffer(Math.max(scratchBytes, 16));
  const scope = device.popErrorScope();
  const sizesCache = new SizesCache(device);
  try {
    const error = await scope;
    if (error) throw new Error(error.message);
    const encodes: Encode[] = [];
    for (const { wgsl, slots: bound, workgroups, sizes } of kernels) {
      const buffers = bound.map((slot) => (slot === "output" ? result : slot === "scratch" ? scratch : slots[slot]));
      if (sizes) buffers.push(sizesCache.get(sizes));
      encodes.push(await prepare(device, wgsl, buffers, workgroups));
    }
    const run: Encode = (pass) => {
      for (const encode of encodes) encode(pass);
    };
    await stopwatch.time(run); // The first run also pays for the driver's own preparations.
    let least = await stopwatch.time(run);
    for (let repeat = 1; repeat < repeats && least < giveUp; repeat++) {
      least = Math.min(least, await stopwatch.time(run));
    }
    return least;
  } finally {
    for (const each of [...slots, result, scratch, sizesCache]) each.destroy();
  }
}
