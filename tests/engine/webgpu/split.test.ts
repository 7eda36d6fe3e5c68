// Tensors above the limits: every op in slices on float64, whole programs on SwiftShader with small limits, and what plans bind.
import { afterAll, describe, expect, test } from "vitest";
import { type BenchOptions, questions, readResults } from "../../../shared/bench/index.ts";
import { computeTruth } from "../../../shared/bench/measure.ts";
import type { ProgramGraph } from "../../../shared/engine/backend.ts";
import { topologicalOrder } from "../../../shared/engine/graph.ts";
import {
  createReferenceBackend,
  defineProgram,
  grad,
  type HostArray,
  printPlan,
  Runtime,
  Tensor,
  traceProgram,
  type WebgpuBackend,
} from "../../../shared/engine/index.ts";
import type { Op, Sample } from "../../../shared/engine/op.ts";
import { ops } from "../../../shared/engine/ops/index.ts";
import { formatShape, sizeOf } from "../../../shared/engine/shape.ts";
import { packArena } from "../../../shared/engine/webgpu/arena.ts";
import { bufferBytes } from "../../../shared/engine/webgpu/layout.ts";
import { type Plan, plannedPeak, planProgram } from "../../../shared/engine/webgpu/plan.ts";
import { splitLarge } from "../../../shared/engine/webgpu/split.ts";
import { deriveKey, rootKey, uniform } from "../../../shared/lib/random.ts";
import { reference, webgpu } from "../../support/backends.ts";
import { drawInput, worstError } from "../../support/samples.ts";
import { swiftshaderMissing } from "../../support/swiftshader.ts";

type Inputs = Record<string, Tensor>;
const key = rootKey(31);
const whole = { implementsWhole: () => false };
const numbers = (name: string, shape: readonly number[]): HostArray => ({
  shape,
  data: Float32Array.from(uniform(deriveKey(key, name), sizeOf(shape), -1, 1)),
});
const primitives = ops.filter((op) => op.kind === "primitive");

/** The op between element-wise ops, so that what it is given and what it gives may come in slices. */
function programOf(op: Op, sample: Sample) {
  return defineProgram(op.name, (args: Inputs) => {
    const inputs = sample.inputs.map((_, at) => {
      const input = args[`x${at}`];
      return input.dtype === "f32" ? input.mul(args.one) : input;
    });
    const { graph } = args.one;
    const made = graph.node(
      op,
      inputs.map(({ node }) => node),
      sample.attrs ?? {},
    );
    const y = new Tensor(graph, made);
    if (y.rank === 0) return { y };
    const scaled = y.mul(args.one);
    return { y: scaled.mul(args.weights).sum([0]), squared: scaled.mul(scaled).sum([0]) };
  });
}

async function evaluate(program: ProgramGraph, args: readonly HostArray[]) {
  const backend = createReferenceBackend();
  const executable = await backend.compile(program);
  const results = await backend.run(executable, args.map(backend.upload), []);
  return Promise.all(results.map(backend.read));
}

describe("in slices, an op gives what it gives whole", () => {
  test("for every op but the few that have no rows", () => {
    const without = primitives.filter((op) => op.kind === "primitive" && !op.slices);
    expect(without.map(({ name }) => name)).toEqual(["detach", "solveSpd"]);
  });

  test.each(primitives.filter((op) => op.slices))("$name", async (op) => {
    const countIn = (outputs: ProgramGraph["outputs"]) =>
      topologicalOrder(outputs).filter((node) => node.op === op).length;
    let more = 0;
    for (const [index, sample] of op.samples.entries()) {
      const drawn = sample.inputs.map((input, at) => drawInput(input, deriveKey(key, op.name, index, at)));
      const types = drawn.map(
        ({ shape, data }) => ({ shape, dtype: data instanceof Int32Array ? "i32" : "f32" }) as const,
      );
      const { shape } = op.infer(types, sample.attrs ?? {});
      const args = {
        ...Object.fromEntries(drawn.map((array, at) => [`x${at}`, array])),
        one: { shape: [], data: Float64Array.of(1.25) },
        weights: numbers("weights", shape),
      };
      const { traced } = traceProgram(programOf(op, sample), args, whole);
      const given = Object.values(args);
      const expected = await evaluate(traced, given);
      for (const type of [...types, { shape }]) {
        const most = 16 * Math.floor(bufferBytes(type.shape) / 40);
        const { outputs, first } = splitLarge(traced.graph, traced.outputs, { most, alignment: 16 });
        more = Math.max(more, countIn(outputs) - countIn(traced.outputs));
        expect(topologicalOrder(outputs)).toEqual(expect.arrayContaining([...first]));
        const actual = await evaluate({ ...traced, outputs }, given);
        const title = `${sample.inputs.map((input) => formatShape(input.shape)).join(" ")} within ${most}`;
        for (const [at, values] of expected.entries()) expect(worstError(actual[at], values), title).toBeLessThan(1e-9);
      }
    }
    expect(more).toBeGreaterThan(0);
  });
});

const limitsOf = (most: number) => ({
  maxBufferSize: 2 ** 40,
  maxStorageBufferBindingSize: most,
  maxStorageBuffersPerShaderStage: 8,
  minStorageBufferOffsetAlignment: 256,
  busy: 64,
});
const largestOf = (plan: Plan) => Math.max(...plan.memory.map(({ bytes }) => bytes));
const named = (name: string) => questions.find((question) => question.name === name) as (typeof questions)[number];

/** The plans of a question's programs within each limit; undefined is none. */
async function plansOf(name: string, options: BenchOptions, most: number): Promise<Plan[]> {
  const plans: Plan[] = [];
  const backend = createReferenceBackend();
  const planning = {
    ...backend,
    compile: (program: ProgramGraph) => {
      plans.push(planProgram(program, limitsOf(most)));
      return backend.compile(program);
    },
    run: () => Promise.reject(new Error("planned only")),
  };
  await readResults(named(name).create(options), new Runtime(planning)).catch(() => {});
  expect(plans.length).toBeGreaterThan(0);
  return plans;
}

describe("a plan within a limit", () => {
  const options = { suite: "peers", width: 8, sizes: { batch: 12, realPerClass: 6, syntheticPerClass: 2 } } as const;

  test.each(["forward", "train", "dm", "dc", "mtt"])(
    "of %s binds nothing larger, and needs less memory",
    async (name) => {
      const plain = await plansOf(name, options, 2 ** 40);
      const most = 16 * Math.floor(Math.max(...plain.map(largestOf)) / 64);
      const plans = await plansOf(name, options, most);
      for (const [at, plan] of plans.entries()) {
        expect(largestOf(plan)).toBeLessThanOrEqual(most);
        expect(plannedPeak(plan)).toBeLessThan(plannedPeak(plain[at]));
      }
    },
  );

  test("keeps one slice's work at a time: twice as many real images take no more memory for their activations", () => {
    const planOf = (images: number) => {
      const program = defineProgram("means", ({ x, w, v }: Inputs) => ({
        y: x.conv2d(w, { padding: 1 }).relu().conv2d(v, { padding: 1 }).relu().sum([0, 2, 3]),
      }));
      const args = {
        x: numbers("x", [images, 1, 8, 8]),
        w: numbers("w", [32, 1, 3, 3]),
        v: numbers("v", [32, 32, 3, 3]),
      };
      return planProgram(traceProgram(program, args, whole).traced, limitsOf(8 * 32 * 64 * 4));
    };
    const [few, many] = [planOf(32), planOf(64)];
    expect(many.dispatches.length).toBeGreaterThan(1.8 * few.dispatches.length);
    const inputs = (plan: Plan) => plan.memory[0].bytes;
    expect(plannedPeak(many) - plannedPeak(few)).toBeLessThan(3 * (inputs(many) - inputs(few)));
  });

  test("names op, shape, bytes, limit and the way out of what has no slices", () => {
    const program = defineProgram("one", ({ x }: Inputs) => ({ y: x.expand([1, 64, 64]).exp().sum([1, 2]) }));
    const deep = defineProgram("deep", ({ x, w }: Inputs) => ({ y: x.exp().conv2d(w, { padding: 1 }).sum() }));
    const { traced } = traceProgram(program, { x: numbers("x", [64]) }, whole);
    expect(planProgram(traced, limitsOf(1024)).dispatches.length).toBeGreaterThan(0); // never stored
    const args = { x: numbers("x", [1, 1, 16, 16]), w: numbers("w", [8, 1, 3, 3]) };
    const plan = () => planProgram(traceProgram(deep, args, whole).traced, limitsOf(4096));
    expect(plan).toThrow(
      "conv2d f32[1,8,16,16] needs 8192 bytes, above the adapter's maxStorageBufferBindingSize of 4096",
    );
    expect(plan).toThrow(expect.objectContaining({ hint: expect.stringContaining("smaller batch or width") }));
    // And the ops that led there.
    expect(plan).toThrow(
      /of 4096\ngiven exp: f32\[1,1,16,16\]; input: f32\[8,1,3,3\]\nfrom {2}input: f32\[1,1,16,16\]$/,
    );
  });
});

describe("blocks of shared memory", () => {
  test("are as many as the largest buffer makes necessary, and hold each result whole", () => {
    const intervals = Array.from({ length: 40 }, (_, at) => ({
      bytes: 100 + ((at * 7919) % 1900),
      from: at,
      to: at + 1 + ((at * 31) % 17),
    }));
    const { locations, blocks } = packArena(intervals, 256, 5000);
    expect(blocks.length).toBeGreaterThan(1);
    expect(Math.max(...blocks)).toBeLessThanOrEqual(5000);
    for (const [at, a] of intervals.entries()) {
      const mine = locations[at];
      expect(mine.offset % 256).toBe(0);
      expect(mine.offset + a.bytes).toBeLessThanOrEqual(blocks[mine.block]);
      for (const [other, b] of intervals.slice(0, at).entries()) {
        const its = locations[other];
        const isTogether = a.from <= b.to && b.from <= a.to && mine.block === its.block;
        const isApart = mine.offset + a.bytes <= its.offset || its.offset + b.bytes <= mine.offset;
        expect(!isTogether || isApart).toBe(true);
      }
    }
  });
});

describe.skipIf(swiftshaderMissing)("on a device with small limits", () => {
  const opened: WebgpuBackend[] = [];
  afterAll(() => Promise.all(opened.map((backend) => backend.dispose())));

  test.each([
    ["train", "peers", 4],
    ["dm", "peers", 4],
    ["dm", "spec", 8],
    ["dc", "peers", 4],
    ["mtt", "peers", 4],
  ] as const)("%s of %s, %i channels wide, gives what reference gives", async (name, suite, width) => {
    const options = { suite, width, sizes: { batch: 8, realPerClass: 4, syntheticPerClass: 2 } };
    const workload = named(name).create(options);
    const truth = await computeTruth(workload);
    const [plain] = (await plansOf(name, options, 2 ** 40)).map(largestOf);
    const most = 256 * Math.ceil(plain / 512);
    const backend = (await webgpu.open({
      limits: { maxStorageBufferBindingSize: most, maxBufferSize: 2 * most },
    })) as WebgpuBackend;
    opened.push(backend);
    const printed: string[] = [];
    const runtime = new Runtime(backend, (executable) => void printed.push(printPlan(executable)));
    const results = await readResults(workload, runtime);
    expect(printed.join()).toMatch(/bytes at \d+ of block 1$/m);
    for (const [what, expected] of Object.entries(truth)) {
      expect(worstError(results[what], expected), what).toBeLessThan(webgpu.tolerance);
    }
  });

  test("inputs larger than a binding are read where they lie, rows that are not aligned included", async () => {
    const program = defineProgram("large inputs", ({ x, w, table, rows }: Inputs) => {
      const y = x.conv2d(w, { padding: 1 }).relu().sum([0]);
      const means = table
        .mul(table)
        .matmul(table.constant(0.5).expand([7, 2]))
        .sum([0]);
      return {
        y,
        means,
        least: table.neg().max([0]),
        rows: table.add(rows).sum([1]),
        back: grad(y.square().sum(), [w]),
      };
    });
    const args = {
      x: numbers("x", [32, 3, 16, 16]),
      w: numbers("w", [2, 3, 3, 3]),
      table: numbers("table", [1000, 7]),
      rows: numbers("rows", [1000, 1]),
    };
    const backend = (await webgpu.open({ limits: { maxStorageBufferBindingSize: 12800 } })) as WebgpuBackend;
    opened.push(backend);
    const read = async (runtime: Runtime) => {
      const { y, means, least, rows, back } = await runtime.run(program, args);
      return Promise.all([y, means, least, rows, ...back].map((value) => runtime.backend.read(value)));
    };
    const printed: string[] = [];
    const runtime = new Runtime(backend, (executable) => void printed.push(printPlan(executable)));
    const [ours, theirs] = [await read(runtime), await read(new Runtime(await reference.open()))];
    expect(printed.join()).toMatch(/bytes at [1-9]\d+ of m0$/m);
    for (const [at, expected] of theirs.entries()) {
      expect(worstError(ours[at], expected), `result ${at}`).toBeLessThan(webgpu.tolerance);
    }
  });

  test("every kind of layer with all gradients gives what reference gives", async () => {
    const program = defineProgram("layers", (args: Inputs) => {
      const { x, w, v, scale, shift, linear, rows } = args;
      const first = x.conv2d(w, { padding: 1 }).batchNorm(scale, shift).relu();
      const pooled = first.maxPool2d(2).conv2d(v, { padding: 1 }).groupNorm(2, scale, shift).tanh();
      const taken = pooled.resize([5, 5]).avgPool2d(2).gather(rows);
      const logits = taken.flatten().matmul(linear);
      const loss = logits
        .logSoftmax()
        .square()
        .sum()
        .add(logits.max([0]).sum());
      return { loss, gradients: grad(loss, [x, w, v, scale, shift, linear]) };
    });
    const args = {
      x: numbers("x", [16, 3, 8, 8]),
      w: numbers("w", [8, 3, 3, 3]),
      v: numbers("v", [8, 8, 3, 3]),
      scale: numbers("scale", [8]),
      shift: numbers("shift", [8]),
      linear: numbers("linear", [32, 4]),
      rows: { shape: [12], data: Int32Array.from({ length: 12 }, (_, at) => (at * 5) % 16) },
    };
    const backend = (await webgpu.open({ limits: { maxStorageBufferBindingSize: 13312 } })) as WebgpuBackend;
    opened.push(backend);
    const read = async (runtime: Runtime) => {
      const { loss, gradients } = await runtime.run(program, args);
      return Promise.all([loss, ...gradients].map((value) => runtime.backend.read(value)));
    };
    const [ours, theirs] = [await read(new Runtime(backend)), await read(new Runtime(await reference.open()))];
    for (const [at, expected] of theirs.entries()) {
      expect(worstError(ours[at], expected), `result ${at}`).toBeLessThan(webgpu.tolerance);
    }
  });
});
