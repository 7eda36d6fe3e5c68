// Plans as text, lifetimes of memory, and which reshapes cost nothing in channels-last memory.
import { describe, expect, test } from "vitest";
import { globals } from "webgpu";
import { makeShaderDataDefinitions } from "webgpu-utils";
import type { DType } from "../../../shared/engine/graph.ts";
import {
  defineProgram,
  grad,
  type HostArray,
  sizeOf,
  type Tensor,
  traceProgram,
} from "../../../shared/engine/index.ts";
import { deviceStrides, fromDevice, sameMemory, toDevice } from "../../../shared/engine/webgpu/layout.ts";
import { planProgram, printPlanned } from "../../../shared/engine/webgpu/plan.ts";

type Inputs = Record<string, Tensor>;
const limits = { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 30 };
const zeros = (...shape: number[]): HostArray => ({ shape, data: new Float32Array(sizeOf(shape)) });

function planOf(name: string, trace: (inputs: Inputs) => object, args: Record<string, HostArray>) {
  const { traced } = traceProgram(defineProgram(name, trace), args, { implementsWhole: () => false });
  const plan = planProgram(traced, limits);
  return { plan, text: printPlanned(traced, plan) };
}

describe("printed plans", () => {
  test("element-wise ops with broadcasting", () => {
    const { text } = planOf("affine", ({ x, b }) => ({ y: x.mul(2).add(b).abs() }), { x: zeros(2, 3), b: zeros(3) });
    expect(text).toMatchInlineSnapshot(`
      "plan affine: 3 dispatches, 3 kernels
      m0 = input f32[2,3], 32 bytes
      m1 = input f32[3], 16 bytes
      m3 = mul f32[2,3] (m0) kernel 0, 1x1 workgroups, frees m0
      m4 = add f32[2,3] (m3, m1) kernel 1, 1x1 workgroups, frees m3, m1
      m5 = abs f32[2,3] (m4) kernel 2, 1x1 workgroups, frees m4
      return m5

      kernel 0
      @group(0) @binding(0) var<storage, read> in0: array<vec4f>;
      @group(0) @binding(1) var<storage, read_write> result: array<vec4f>;

      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
        let job = group.x;
        let i = job * 64u + lane;
        if (i >= 2u) { return; }
        let p0 = i;
        let x0 = in0[p0];
        result[p0] = vec4f((x0.x * 2.0f), (x0.y * 2.0f), (x0.z * 2.0f), (x0.w * 2.0f));
      }

      kernel 1
      @group(0) @binding(0) var<storage, read> in0: array<f32>;
      @group(0) @binding(1) var<storage, read> in1: array<f32>;
      @group(0) @binding(2) var<storage, read_write> result: array<f32>;

      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
        let job = group.x;
        let i = job * 64u + lane;
        if (i >= 6u) { return; }
        let p1 = i % 3u;
        let p1Rest = i / 3u;
        let p0 = p1Rest;
        let x0 = in0[p0 * 3u + p1];
        let x1 = in1[p1];
        result[p0 * 3u + p1] = (x0 + x1);
      }

      kernel 2
      @group(0) @binding(0) var<storage, read> in0: array<vec4f>;
      @group(0) @binding(1) var<storage, read_write> result: array<vec4f>;

      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
        let job = group.x;
        let i = job * 64u + lane;
        if (i >= 2u) { return; }
        let p0 = i;
        let x0 = in0[p0];
        result[p0] = vec4f(abs(x0.x), abs(x0.y), abs(x0.z), abs(x0.w));
      }"
    `);
  });

  test("a sum over pixels of a product of images", () => {
    const trace = ({ x, y }: Inputs) => ({ s: x.mul(y).sum([2, 3]), again: x.mul(y) });
    const { text } = planOf("energy", trace, { x: zeros(2, 8, 5, 5), y: zeros(2, 8, 5, 5) });
    expect(text).toMatchInlineSnapshot(`
      "plan energy: 2 dispatches, 2 kernels
      m0 = input f32[2,8,5,5], 1600 bytes
      m1 = input f32[2,8,5,5], 1600 bytes
      m2 = mul f32[2,8,5,5] (m0, m1) kernel 0, 2x1 workgroups, frees m0, m1
      m3 = sum f32[2,8] (m2) kernel 1, 1x1 workgroups
      return m3, m2

      kernel 0
      @group(0) @binding(0) var<storage, read> in0: array<vec4f>;
      @group(0) @binding(1) var<storage, read> in1: array<vec4f>;
      @group(0) @binding(2) var<storage, read_write> result: array<vec4f>;

      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
        let job = group.x;
        let i = job * 64u + lane;
        if (i >= 100u) { return; }
        let p0 = i;
        let x0 = in0[p0];
        let x1 = in1[p0];
        result[p0] = vec4f((x0.x * x1.x), (x0.y * x1.y), (x0.z * x1.z), (x0.w * x1.w));
      }

      kernel 1
      @group(0) @binding(0) var<storage, read> in0: array<vec4f>;
      @group(0) @binding(1) var<storage, read_write> result: array<vec4f>;
      fn combine(a: vec4f, b: vec4f) -> vec4f { return a + b; }
      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
        let job = group.x;
        let column = job * 64u + lane % 64u;
        let row = lane / 64u;
        var total = vec4f();
        if (column < 4u) {
          let k1 = column % 2u;
          let k1Rest = column / 2u;
          let k0 = k1Rest;
          let base = k0 * 50u + k1;
          var r = row;
          for (; r < 25u; r += 1u) {
            {
              let at = r;
              let r0 = at;
              total = combine(total, in0[base + r0 * 2u]);
            }
          }
        }
        if (column < 4u) {
          result[column] = total;
        }
      }"
    `);
  });
});

describe("memory", () => {
  test("is born at its first write, dies after its last read, and results stay", () => {
    const { plan } = planOf("chain", ({ x }) => ({ y: x.exp().neg().exp(), gradient: grad(x.exp().sum(), [x])[0] }), {
      x: zeros(40),
    });
    const alive = new Set([0]);
    for (const { memory, born, dead } of plan.dispatches) {
      for (const each of born) alive.add(each);
      for (const each of memory) expect(alive).toContain(each);
      for (const each of dead) alive.delete(each);
    }
    expect([...alive].sort()).toEqual([...new Set(plan.outputs)].sort());
  });

  test("is the input's own for a reshape that moves nothing, and copied otherwise", () => {
    const dispatches = (from: number[], to: number[]) =>
      planOf("reshape", ({ x }) => ({ y: x.reshape(to) }), { x: zeros(...from) }).plan.dispatches.length;
    expect(dispatches([6, 20], [3, 2, 20])).toBe(0);
    expect(dispatches([5], [1, 5, 1, 1])).toBe(0);
    expect(dispatches([2, 5, 1, 1], [2, 5])).toBe(0);
    expect(dispatches([2, 1, 3, 4], [2, 12])).toBe(0);
    expect(dispatches([2, 5, 3, 4], [2, 60])).toBe(1);
    expect(dispatches([2, 60], [2, 5, 3, 4])).toBe(1);
  });

  test("of two shapes is the same exactly when every element lies at the same place", () => {
    const shapes = [
      [24],
      [2, 12],
      [2, 3, 4],
      [2, 3, 4, 1],
      [2, 3, 2, 2],
      [1, 24, 1, 1],
      [2, 1, 3, 4],
      [4, 6, 1, 1],
      [2, 3, 1, 2, 2],
    ];
    const places = (shape: number[]) => {
      const type = { shape, dtype: "f32" as DType };
      const places = toDevice(
        type,
        Float32Array.from({ length: 24 }, (_, at) => at),
      );
      return { type: { ...type, strides: deviceStrides(type) }, key: places.join() };
    };
    for (const [a, b] of shapes.flatMap((left) => shapes.map((right) => [places(left), places(right)]))) {
      expect(sameMemory(a.type, b.type), `${a.type.shape} and ${b.type.shape}`).toBe(a.key === b.key);
    }
  });

  test("holds images with channels last, and gives them back in order", () => {
    const type = { shape: [1, 2, 1, 3], dtype: "f32" as DType };
    const memory = toDevice(type, [1, 2, 3, 10, 20, 30]);
    expect([...memory]).toEqual([1, 10, 2, 20, 3, 30]);
    expect([...fromDevice(type, memory.buffer as ArrayBuffer)]).toEqual([1, 2, 3, 10, 20, 30]);
  });
});

test("an independent reader of WGSL finds each kernel's buffers as the plan binds them", () => {
  Object.assign(globalThis, globals);
  const { plan } = planOf(
    "gradients",
    ({ x, w, v }) => {
      const features = x.conv2d(w, { padding: 1 }).relu().avgPool2d(2).reshape([2, 32]);
      const loss = features.matmul(v).exp().sum();
      const [x1, w1, v1] = grad(loss, [x, w, v]);
      return { loss, x1, w1, v1 };
    },
    { x: zeros(2, 3, 4, 4), w: zeros(8, 3, 3, 3), v: zeros(32, 5) },
  );
  const kernels = new Set(plan.dispatches.map(({ kernel }) => kernel));
  expect(kernels.size).toBeGreaterThan(10);
  for (const { wgsl, slots } of kernels) {
    // Its grammar does not know all that our bodies use: what a kernel declares is enough here.
    const { storages } = makeShaderDataDefinitions(wgsl.slice(0, wgsl.indexOf("@compute")));
    const found = Object.values(storages).map(({ group, binding }) => [group, binding]);
    expect(
      found.sort(([, a], [, b]) => a - b),
      wgsl,
    ).toEqual(slots.map((_, i) => [0, i]));
  }
});
