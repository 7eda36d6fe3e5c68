// Kernels on shapes that the ops' samples are too small for: sums in parts, more workgroups than a dimension takes, many inputs.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Backend,
  defineProgram,
  grad,
  type HostArray,
  Runtime,
  sizeOf,
  type Tensor,
  traceProgram,
} from "../../../shared/engine/index.ts";
import { foldWorkgroups, MAX_WORKGROUPS } from "../../../shared/engine/webgpu/kernel.ts";
import { planProgram } from "../../../shared/engine/webgpu/plan.ts";
import { deriveKey, rootKey, uniform } from "../../../shared/lib/random.ts";
import { reference, webgpu } from "../../support/backends.ts";
import { worstError } from "../../support/samples.ts";
import { swiftshaderMissing } from "../../support/swiftshader.ts";

type Inputs = Record<string, Tensor>;
const key = rootKey(11);
/** As many invocations as a small GPU's, so that sums are cut in parts. */
const busy = 4096;
const unlimited = {
  maxBufferSize: Number.MAX_SAFE_INTEGER,
  maxStorageBufferBindingSize: Number.MAX_SAFE_INTEGER,
  maxStorageBuffersPerShaderStage: 8,
  minStorageBufferOffsetAlignment: 256,
  busy,
};

function numbers(name: string, shape: readonly number[]): HostArray {
  return { shape, data: Float32Array.from(uniform(deriveKey(key, name), sizeOf(shape), -1, 1)) };
}

interface Case {
  readonly name: string;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly trace: (inputs: Inputs) => Tensor | Tensor[];
  /** Dispatches that the plan must take, so that the case is known to reach the path it is about. */
  readonly dispatches: number;
}

const cases: Case[] = [
  { name: "a full sum in parts", shapes: { x: [30011] }, trace: ({ x }) => x.sum(), dispatches: 2 },
  { name: "a full maximum in parts", shapes: { x: [3, 7001] }, trace: ({ x }) => x.max(), dispatches: 2 },
  {
    name: "sums over images and pixels, four channels at a time, in parts",
    shapes: { x: [5, 12, 30, 31] },
    trace: ({ x }) => x.sum([0, 2, 3]),
    dispatches: 2,
  },
  {
    name: "sums over images and pixels, of five channels",
    shapes: { x: [3, 5, 40, 41] },
    trace: ({ x }) => [x.sum([0, 2, 3]), x.max([0, 2, 3], true)],
    dispatches: 2,
  },
  {
    name: "sums over the channels",
    shapes: { x: [3, 130, 5, 5] },
    trace: ({ x }) => [x.sum([1]), x.max([1])],
    dispatches: 1,
  },
  {
    name: "a weight gradient in parts",
    shapes: { x: [12, 5, 9, 9], w: [9, 5, 3, 3] },
    trace: ({ x, w }) => grad(x.conv2d(w, { padding: 1 }).sum(), [w]),
    dispatches: 3,
  },
  {
    name: "a weight gradient in parts, four channels at a time",
    shapes: { x: [12, 8, 9, 9], g: [12, 12, 9, 9], w: [12, 8, 3, 3] },
    trace: ({ x, g, w }) => grad(x.conv2d(w, { padding: 1 }), [w], g),
    dispatches: 2,
  },
  {
    name: "nineteen tensors joined",
    shapes: Object.fromEntries(Array.from({ length: 19 }, (_, at) => [`x${at}`, [2, 1 + (at % 3), 3, 2]])),
    trace: (inputs) => {
      const [first, ...others] = Object.values(inputs);
      return first.concat(others, 1);
    },
    dispatches: 19,
  },
];

describe.skipIf(swiftshaderMissing)("kernels of large shapes equal reference", () => {
  let backend: Backend;
  let runtime: Runtime;
  const oracle = reference.open().then((opened) => new Runtime(opened));

  beforeAll(async () => {
    backend = await webgpu.open({ limits: { busy } });
    expect(backend.capabilities.adapter).toMatch(webgpu.adapter);
    runtime = new Runtime(backend);
  });
  afterAll(() => backend.dispose());

  test.each(cases)("$name", async ({ name, shapes, trace, dispatches }) => {
    const program = defineProgram(name, (inputs: Inputs) => ({ results: [trace(inputs)].flat() }));
    const args = Object.fromEntries(Object.entries(shapes).map(([input, shape]) => [input, numbers(input, shape)]));
    expect(planProgram(traceProgram(program, args, backend).traced, unlimited).dispatches).toHaveLength(dispatches);
    const read = async (on: Runtime) => (await on.readTree((await on.run(program, args)).results)) as HostArray[];
    const [ours, theirs] = [await read(runtime), await read(await oracle)];
    for (const [at, array] of ours.entries()) {
      // Sums of a hundred thousand numbers lose digits against their terms, not against their result.
      const scale = Math.max(1, ...theirs[at].data.map(Math.abs));
      expect(
        worstError(
          array.data.map((value) => value / scale),
          theirs[at].data.map((value) => value / scale),
        ),
      ).toBeLessThan(1e-5);
    }
  });

  test("more workgroups than one dimension takes", async () => {
    const [rows, columns] = [2099, 2003];
    const program = defineProgram("turn", ({ x }: Inputs) => ({ y: x.permute([1, 0]) }));
    const data = Float32Array.from({ length: rows * columns }, (_, at) => at);
    const args = { x: { shape: [rows, columns], data } };
    const [dispatch] = planProgram(traceProgram(program, args, backend).traced, unlimited).dispatches;
    expect(dispatch.kernel.workgroups[1]).toBe(2);
    const { y } = await runtime.run(program, args);
    const turned = await backend.read(y);
    runtime.free(y);
    let wrong = 0;
    for (let at = 0; at < turned.length; at++) {
      if (turned[at] !== (at % rows) * columns + Math.floor(at / rows)) wrong++;
    }
    expect(wrong).toBe(0);
  });
});

test("workgroups fold into two dimensions that cover them with few left over", () => {
  for (const count of [1, MAX_WORKGROUPS, MAX_WORKGROUPS + 1, 1_000_003, 4_000_000_000]) {
    const [x, y] = foldWorkgroups(count);
    expect(Math.max(x, y)).toBeLessThanOrEqual(MAX_WORKGROUPS);
    expect(x * y).toBeGreaterThanOrEqual(count);
    expect(x * y - count).toBeLessThan(y);
  }
});
