// What the benchmarks' steps cost before anything runs: dispatches and memory, read from their plans for several kinds of adapter.
import { describe, expect, test } from "vitest";
import { questions } from "../../shared/bench/index.ts";
import type { ProgramGraph } from "../../shared/engine/backend.ts";
import { type Backend, type Executable, Runtime, sizeOf, type Value } from "../../shared/engine/index.ts";
import type { AdapterTraits } from "../../shared/engine/webgpu/kernel.ts";
import { arenaBytes, type Plan, plannedPeak, planProgram } from "../../shared/engine/webgpu/plan.ts";
import { createChooser } from "../../shared/engine/webgpu/variants.ts";

interface Adapter {
  readonly traits: AdapterTraits;
  readonly busy: number;
  readonly buffers: number;
}

const adapters = {
  "a software adapter with subgroups": { traits: { software: true, subgroupSize: 8 }, busy: 64, buffers: 16 },
  "a GPU": { traits: { software: false, subgroupSize: 32 }, busy: 32768, buffers: 16 },
  "a GPU that binds as few buffers as WebGPU allows": { traits: { software: false }, busy: 32768, buffers: 8 },
} satisfies Record<string, Adapter>;

/** The plans of all programs that a benchmark's step runs, and how often. */
async function plansOf(name: string, { traits, busy, buffers }: Adapter): Promise<Plan[]> {
  const limits = {
    maxBufferSize: 2 ** 31,
    maxStorageBufferBindingSize: 2 ** 31,
    maxStorageBuffersPerShaderStage: buffers,
    minStorageBufferOffsetAlignment: 256,
    busy,
  };
  const runs: Plan[] = [];
  const value = ({ shape, dtype }: Pick<Value, "shape" | "dtype">): Value => ({ backend: "webgpu", shape, dtype });
  const plans = new Map<ProgramGraph, Plan>();
  const planning: Backend = {
    capabilities: { backend: "webgpu", adapter: "none", precision: "f32", software: false },
    implementsWhole: () => false,
    compile: async (program): Promise<Executable> => {
      plans.set(program, planProgram(program, limits, createChooser({ traits })));
      return { program };
    },
    upload: ({ shape, data }) => value({ shape, dtype: data instanceof Int32Array ? "i32" : "f32" }),
    run: async ({ program }) => {
      runs.push(plans.get(program) as Plan);
      return program.outputs.map(value);
    },
    read: async ({ shape }) => new Float32Array(sizeOf(shape)),
    free: () => {},
    dispose: async () => {},
  };
  const question = questions.find((each) => each.name === name);
  const step = await question?.create({ suite: "peers", width: 32 }).prepare(new Runtime(planning));
  await step?.();
  return runs;
}

type Bounds = Record<string, [dispatches: number, megabytes: number]>;
/** Most dispatches and most 10^6 bytes of a step. */
const few: Bounds = { forward: [11, 60], train: [35, 120], dm: [30, 100], dc: [110, 50] };
const bounds: Record<keyof typeof adapters, Bounds> = {
  "a software adapter with subgroups": few,
  "a GPU": few,
  "a GPU that binds as few buffers as WebGPU allows": { ...few, train: [38, 120], dm: [33, 100], dc: [171, 50] },
};

describe.each(Object.keys(adapters) as (keyof typeof adapters)[])("on %s", (name) => {
  test.each(Object.entries(bounds[name]))(
    "%s takes few dispatches and little memory",
    async (step, [most, megabytes]) => {
      const plans = await plansOf(step, adapters[name]);
      expect(plans.length).toBeGreaterThan(0);
      const dispatches = plans.reduce((sum, plan) => sum + plan.dispatches.length, 0);
      const peak = Math.max(...plans.map(plannedPeak)) / 1e6;
      expect(dispatches).toBeLessThanOrEqual(most);
      expect(peak).toBeLessThanOrEqual(megabytes);
      for (const plan of plans) expect(arenaBytes(plan)).toBeLessThanOrEqual(1.05 * plan.arenaLowerBound);
      const bound = plans.flatMap((plan) => plan.dispatches.map(({ memory }) => memory.length));
      expect(Math.max(...bound)).toBeLessThanOrEqual(adapters[name].buffers);
    },
  );
});
