// The webgpu backend: runs programs as our own WGSL kernels on a device that it is given.
import { invariant } from "../../lib/invariant.ts";
import type { Backend, Executable, HostArray, ProgramGraph, Value } from "../backend.ts";
import { BackendError } from "../errors.ts";
import type { TensorType } from "../op.ts";
import { sizeOf } from "../shape.ts";
import { createDryDevice } from "./dry-device.ts";
import { Health } from "./health.ts";
import { fromDevice, toDevice } from "./layout.ts";
import { type Memory, MemoryPool } from "./memory.ts";
import { type Pipeline, PipelineCache } from "./pipelines.ts";
import {
  bytesOf,
  cutIntoSubmits,
  type Dispatch,
  homeOf,
  type Plan,
  type PlanLimits,
  type PlannedMemory,
  planProgram,
  printPlanned,
  tensorBytes,
} from "./plan.ts";
import { type DispatchTime, Profile } from "./profile.ts";
import { SizesCache } from "./sizes.ts";
import { listTunables, tuneVariants } from "./tune.ts";
import { createChooser, traitsOf, type VariantChoice, type VariantMemory } from "./variants.ts";

export interface WebgpuOptions {
  /** The device's name for people. */
  readonly adapter: string;
  readonly software: boolean;
  /** Limits below the device's, for tests. */
  readonly limits?: Partial<PlanLimits> | undefined;
  /** Which variants of kernels to take, where more than one fits. */
  readonly choice?: Omit<VariantChoice, "traits"> | undefined;
  /**
   * Where given, the kernels of shapes that nothing is known of are measured before a program is planned. It is handed all that
   * is known then, and gives what is to be used: what another process has measured meanwhile stands.
   */
  readonly remember?: (memory: VariantMemory) => Promise<VariantMemory>;
  /** Bytes that values and running programs may take at most. */
  readonly memoryLimit?: number | undefined;
  /** The device computes nothing, so that no numbers need be brought to it. */
  readonly isDry?: boolean;
  /** Called when the backend is disposed of, after its device. */
  readonly onDispose?: () => void;
}

export interface WebgpuStats {
  /** Dispatches so far. */
  readonly dispatches: number;
  /** Distinct kernels compiled so far. */
  readonly pipelines: number;
  /** Memory of values and running programs, now and at most. */
  readonly liveBytes: number;
  readonly peakBytes: number;
  /** Memory that the device holds, kept for reuse included. */
  readonly heldBytes: number;
  /** Buffers and bind groups made so far: steady once every program has run. */
  readonly buffersCreated: number;
  readonly bindGroupsCreated: number;
  /** How often the host waited for the device so far. */
  readonly waits: number;
}

export interface WebgpuBackend extends Backend {
  readonly device: GPUDevice;
  readonly memoryLimit: number | undefined;
  stats(): WebgpuStats;
  /** A backend that compiles and counts as this one does, without a ceiling, and computes nothing: all that it reads is zero. */
  dry(): WebgpuBackend;
  /** What every dispatch takes that `work` asks for. Throws BackendError where the adapter cannot tell. */
  profile(work: () => Promise<unknown>): Promise<DispatchTime[]>;
}

interface WebgpuValue extends Value {
  memory: Memory | undefined;
}

/** A dispatch ready to encode; its last bind groups are kept, since runs mostly find the same memory as those before. */
interface ReadyDispatch extends Dispatch {
  readonly pipeline: Pipeline;
  /** Memory that may lie in another buffer at the next run. */
  readonly moving: readonly number[];
  /** By those buffers, the oldest first. */
  readonly bound: Map<string, GPUBindGroup>;
}

interface WebgpuExecutable extends Executable {
  readonly plan: Plan;
  /** What is submitted together. */
  readonly submits: readonly (readonly ReadyDispatch[])[];
}

// GPUBufferUsage and GPUMapMode, which only browsers have as globals.
const MAP_READ = 0x01;
const COPY_SRC = 0x04;
const COPY_DST = 0x08;
const STORAGE = 0x80;

/** Bind groups that a dispatch keeps: a step may run its program for every class, and its results go round in a few buffers. */
const KEPT_BIND_GROUPS = 4096;
/** Invocations that keep a device busy: a software adapter has a few cores, a GPU thousands of lanes. */
const BUSY = { software: 64, gpu: 32768 };
/** For measuring the kernels of a program, before its first run. */
const TUNE_MS = 1500;
/** Work is never queued without bound: every so many submits there is a mark, and a run waits for the mark before the last. */
const SUBMITS_PER_MARK = 32;

export function createWebgpuBackend(device: GPUDevice, options: WebgpuOptions): WebgpuBackend {
  const health = new Health(device);
  const pipelines = new PipelineCache(device);
  const memories = new MemoryPool(device, health, STORAGE | COPY_SRC | COPY_DST, options.memoryLimit);
  const staging = new MemoryPool(device, health, MAP_READ | COPY_DST);
  const constants = new Map<number, Memory>();
  const sizesCache = new SizesCache(device);
  const traits = traitsOf(device, options.software);
  let memory = options.choice?.memory ?? {};
  // Few: while a promise of the device is pending, Dawn in Node asks for it without a pause, on a core of its own.
  const marks: Promise<unknown>[] = [];
  let submits = 0;
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = device.limits;
  const limits: PlanLimits = {
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage,
    minStorageBufferOffsetAlignment: device.limits.minStorageBufferOffsetAlignment,
    busy: options.software ? BUSY.software : BUSY.gpu,
    bindsAlike: options.software,
    ...options.limits,
  };
  let dispatched = 0;
  let bindGroups = 0;
  let waits = 0;
  let reading = 0;
  let profile: Profile | undefined;

  const live = (value: Value): Memory => {
    const { memory } = value as WebgpuValue;
    invariant(memory, "a value was used after it was freed");
    return memory;
  };
  const free = (value: Value): void => {
    const { memory } = value as WebgpuValue;
    if (memory) memories.release(memory);
    (value as WebgpuValue).memory = undefined;
  };
  const write = (type: TensorType, data: ArrayLike<number>, label: string): Memory => {
    // Of what is too large to bind, programs read rows.
    const memory = memories.acquire(tensorBytes(type, label, { maxBufferSize: limits.maxBufferSize }), label);
    if (options.isDry) return memory;
    const elements = toDevice(type, data);
    device.queue.writeBuffer(memory.buffer, 0, elements.buffer, elements.byteOffset, elements.byteLength);
    return memory;
  };
  const constant = (value: number): Memory => {
    let memory = constants.get(value);
    if (!memory) constants.set(value, (memory = write({ shape: [], dtype: "f32" }, [value], "constant")));
    return memory;
  };

  const copyOf = ({ buffer }: Memory, label: string): Memory => {
    const copy = memories.acquire(buffer.size, label);
    const encoder = device.createCommandEncoder({ label: "copy" });
    encoder.copyBufferToBuffer(buffer, 0, copy.buffer, 0, buffer.size);
    device.queue.submit([encoder.finish()]);
    return copy;
  };

  /** The blocks in which every program keeps its intermediate results: programs run one after the other. */
  const arena: GPUBuffer[] = [];
  let arenas = 0;
  const reserve = (bytes: number, block: number): void => {
    if (bytes <= (arena[block]?.size ?? 0)) return;
    arenas++;
    arena[block] = memories.replace(arena[block], bytes, "intermediate results");
  };

  const bind = (dispatch: ReadyDispatch, plan: Plan, held: readonly (Memory | undefined)[]): GPUBindGroup => {
    const key = `${arenas}: ${dispatch.moving.map((at) => held[at]?.id)}`;
    const known = dispatch.bound.get(key);
    if (known) return known;
    const resources: GPUBufferBinding[] = dispatch.memory.map((at) => {
      const { bytes, place } = plan.memory[at];
      const buffer = place.kind === "arena" ? arena[place.block] : (held[homeOf(plan.memory, at)] as Memory).buffer;
      return { buffer, ...("offset" in place && { offset: place.offset, size: bytes }) };
    });
    const { sizes } = dispatch.kernel;
    if (sizes) resources.push({ buffer: sizesCache.get(sizes) });
    const entries = resources.map((resource, binding) => ({ binding, resource }));
    const group = device.createBindGroup({ label: dispatch.label, layout: dispatch.pipeline.layout, entries });
    bindGroups++;
    dispatch.bound.set(key, group);
    if (dispatch.bound.size > KEPT_BIND_GROUPS) dispatch.bound.delete(dispatch.bound.keys().next().value as string);
    return group;
  };

  const submit = (encoder: GPUCommandEncoder): void => {
    device.queue.submit([encoder.finish()]);
    if (++submits % SUBMITS_PER_MARK === 0) marks.push(device.queue.onSubmittedWorkDone());
  };

  let tuning: Promise<void> = Promise.resolve();
  /** Programs are measured one after the other, and each class of shapes once. */
  const tune = (program: ProgramGraph, remember: NonNullable<WebgpuOptions["remember"]>): Promise<void> => {
    const work = async () => {
      const { disabled = [] } = options.choice ?? {};
      const limit = { disabled, budgetMs: TUNE_MS };
      const measured = await tuneVariants(device, traits, listTunables(program), memory, limit);
      if (Object.keys(measured).length > Object.keys(memory).length) memory = await remember(measured);
    };
    tuning = tuning.then(work, work);
    return tuning;
  };

  /** Encodes and submits without a pause. */
  const encode = ({ program, plan, submits }: WebgpuExecutable, held: readonly (Memory | undefined)[]): void => {
    for (const dispatches of submits) {
      const encoder = device.createCommandEncoder({ label: program.name });
      let pass = encoder.beginComputePass({ label: program.name });
      for (const dispatch of dispatches) {
        if (profile) {
          pass.end();
          const { label, flops } = dispatch;
          const bytes = bytesOf(dispatch, plan.memory);
          pass = encoder.beginComputePass(profile.passFor({ label, bytes, flops, program: program.name }));
        }
        pass.setPipeline(dispatch.pipeline.pipeline);
        pass.setBindGroup(0, bind(dispatch, plan, held));
        pass.dispatchWorkgroups(...dispatch.kernel.workgroups);
      }
      pass.end();
      submit(encoder);
      dispatched += dispatches.length;
    }
  };

  return {
    device,
    capabilities: {
      backend: "webgpu",
      adapter: options.adapter,
      precision: "f32",
      software: options.software,
      queues: true,
    },
    implementsWhole: () => false,
    compile: async (program: ProgramGraph): Promise<WebgpuExecutable> => {
      health.check();
      if (options.remember) await tune(program, options.remember);
      const plan = planProgram(program, limits, createChooser({ ...options.choice, memory, traits }));
      const dispatches = await Promise.all(
        plan.dispatches.map(async (dispatch) => ({
          ...dispatch,
          pipeline: await pipelines.get(dispatch.kernel, dispatch.label).catch(async (error: unknown) => {
            await health.settleRefusal();
            if (!(error instanceof BackendError)) throw error;
            const message = error.message.replace(/^webgpu: /, "");
            const told = [`program ${program.name}: ${message}`, dispatch.trail()].filter(Boolean).join("\n");
            throw new BackendError("webgpu", told, error.hint, { cause: error });
          }),
          moving: dispatch.memory
            .filter((at) => plan.memory[at].place.kind !== "arena")
            .map((at) => homeOf(plan.memory, at)),
          bound: new Map<string, GPUBindGroup>(),
        })),
      );
      health.check();
      return { program, plan, submits: cutIntoSubmits(dispatches, plan.memory) };
    },
    upload: ({ shape, data }: HostArray): WebgpuValue => {
      invariant(data.length === sizeOf(shape), `${data.length} numbers do not fill [${shape}]`);
      health.check();
      const dtype = data instanceof Int32Array ? "i32" : "f32";
      return { backend: "webgpu", shape, dtype, memory: write({ shape, dtype }, data, "upload") };
    },
    run: async (executable, inputs, donated): Promise<WebgpuValue[]> => {
      const { program, plan } = executable as WebgpuExecutable;
      health.check();
      health.program = program.name;
      // The run holds what it reads from here on, whatever becomes of the caller's values meanwhile.
      const held: (Memory | undefined)[] = [];
      const release = () => {
        for (const memory of held) if (memory) memories.release(memory);
      };
      const hold = ({ bytes, label, place }: PlannedMemory, at: number): Memory | undefined => {
        if (place.kind === "arena" || place.kind === "rows") return undefined;
        if (place.kind === "own") return memories.acquire(bytes, label);
        const memory = place.kind === "input" ? live(inputs[at]) : constant(place.value);
        // No buffer can be bound twice for writing, and so may inputs be bound.
        if (place.kind === "input" && limits.bindsAlike && held.includes(memory)) return copyOf(memory, label);
        memories.retain(memory);
        return memory;
      };
      try {
        plan.arenaBlocks.forEach(reserve);
        for (const [at, planned] of plan.memory.entries()) held.push(hold(planned, at));
      } catch (error) {
        release();
        throw error;
      } finally {
        inputs.forEach((value, index) => {
          if (donated[index]) free(value);
        });
      }
      if (marks.length > 1) {
        waits++;
        await marks.shift();
      }
      health.check();
      device.pushErrorScope("out-of-memory");
      device.pushErrorScope("validation");
      encode(executable as WebgpuExecutable, held);
      health.expect(device.popErrorScope(), `program ${program.name} failed`);
      health.expect(device.popErrorScope(), `program ${program.name} ran out of memory`);
      const results = program.outputs.map(({ shape, dtype }, index): WebgpuValue => {
        const memory = held[plan.outputs[index]] as Memory;
        memories.retain(memory);
        return { backend: "webgpu", shape, dtype, memory };
      });
      release();
      memories.tick();
      return results;
    },
    read: async (value) => {
      const memory = live(value);
      health.check();
      const bytes = sizeOf(value.shape) * 4;
      const target = staging.acquire(bytes, "read");
      const encoder = device.createCommandEncoder({ label: "read" });
      encoder.copyBufferToBuffer(memory.buffer, 0, target.buffer, 0, bytes);
      device.queue.submit([encoder.finish()]);
      const before = marks.at(-1);
      if (reading++ === 0) waits++; // reads that are asked for together are waited for together
      try {
        await target.buffer.mapAsync(MAP_READ, 0, bytes);
      } catch (error) {
        await health.settleRefusal();
        throw new BackendError("webgpu", `cannot read a result: ${String(error)}`, "", { cause: error });
      } finally {
        reading--;
      }
      // What was queued before the copy is done: nobody waits for it again.
      if (before) marks.splice(0, marks.indexOf(before) + 1);
      await health.settle();
      const data = fromDevice(value, target.buffer.getMappedRange(0, bytes));
      target.buffer.unmap();
      staging.release(target);
      return data;
    },
    free,
    profile: async (work) => {
      const taken = new Profile(device);
      profile = taken;
      try {
        await work();
      } finally {
        profile = undefined;
      }
      return taken.end();
    },
    memoryLimit: options.memoryLimit,
    dry: () => {
      const { adapter, software, choice, limits: lowered } = options;
      const known = { ...choice, memory };
      const dry = { adapter, software, choice: known, limits: lowered, isDry: true };
      return createWebgpuBackend(createDryDevice(device), dry);
    },
    stats: () => ({
      dispatches: dispatched,
      pipelines: pipelines.size,
      liveBytes: memories.liveBytes,
      peakBytes: memories.peakBytes,
      heldBytes: memories.heldBytes + staging.heldBytes,
      buffersCreated: memories.created + staging.created + sizesCache.created,
      bindGroupsCreated: bindGroups,
      waits,
    }),
    dispose: async () => {
      health.end();
      device.destroy();
      options.onDispose?.();
    },
  };
}

/** The plan and the WGSL of a program that the webgpu backend compiled. */
export function printPlan(executable: Executable): string {
  invariant("plan" in executable, "only the webgpu backend has plans");
  return printPlanned(executable.program, (executable as WebgpuExecutable).plan);
}
