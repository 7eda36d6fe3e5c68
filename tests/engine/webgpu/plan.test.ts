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
import { arenaBytes, cutIntoSubmits, planProgram, printPlanned } from "../../../shared/engine/webgpu/plan.ts";

type Inputs = Record<string, Tensor>;
const limits = {
  maxBufferSize: 2 ** 30,
  maxStorageBufferBindingSize: 2 ** 30,
  maxStorageBuffersPerShaderStage: 8,
  minStorageBufferOffsetAlignment: 256,
  busy: 64,
};
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
      "plan affine: 1 dispatches, 1 kernels, 0 bytes shared (at least 0), 80 in all
      m0 = input f32[2,3], 32 bytes
      m1 = input f32[3], 16 bytes
      m2 = 32 bytes of its own
      m2 = abs f32[2,3] (m0, m1) kernel 0, 1x1 workgroups, sizes 6
      return m2

      kernel 0
      struct Sizes { rows: u32 }
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read> b1: array<f32>;
      @group(0) @binding(2) var<storage, read_write> b2: array<f32>;
      @group(0) @binding(3) var<uniform> given: Sizes;

      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
        let sizes = given;
        let job = group.x;
        let at = job * 64u + lane;
        if (at >= sizes.rows) { return; }
        let row = at;
        let a0 = b0[row];
        let a1 = 2.0f;
        let a2 = (a0 * a1);
        let a3 = b1[(row % 3u)];
        let a4 = (a2 + a3);
        let a5 = abs(a4);
        b2[row] = a5;
      }"
    `);
  });

  test("a sum over pixels of a product of images", () => {
    const trace = ({ x, y }: Inputs) => ({ s: x.mul(y).sum([2, 3]), again: x.mul(y) });
    const { text } = planOf("energy", trace, { x: zeros(2, 8, 5, 5), y: zeros(2, 8, 5, 5) });
    expect(text).toMatchInlineSnapshot(`
      "plan energy: 2 dispatches, 2 kernels, 0 bytes shared (at least 0), 4864 in all
      m0 = input f32[2,8,5,5], 1600 bytes
      m1 = input f32[2,8,5,5], 1600 bytes
      m2 = 1600 bytes of its own
      m3 = 64 bytes of its own
      m2 = mul f32[2,8,5,5] (m0, m1) kernel 0, 7x1 workgroups, sizes 400
      m3 = sum f32[2,8] (m2) kernel 1, 2x1 workgroups, sizes 16
      return m3, m2

      kernel 0
      struct Sizes { rows: u32 }
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read> b1: array<f32>;
      @group(0) @binding(2) var<storage, read_write> b2: array<f32>;
      @group(0) @binding(3) var<uniform> given: Sizes;

      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
        let sizes = given;
        let job = group.x;
        let at = job * 64u + lane;
        if (at >= sizes.rows) { return; }
        let row = at;
        let a0 = b0[row];
        let a1 = b1[row];
        let a2 = (a0 * a1);
        b2[row] = a2;
      }

      kernel 1
      struct Sizes { rows: u32 }
      @group(0) @binding(0) var<storage, read> b0: array<f32>;
      @group(0) @binding(1) var<storage, read_write> b1: array<f32>;
      @group(0) @binding(2) var<uniform> given: Sizes;

      @compute @workgroup_size(8)
      fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
        let sizes = given;
        let job = group.x;
        let at = job * 8u + lane;
        if (at >= sizes.rows) { return; }
        let row = at;
        var t0 = f32(0.0f);
        for (var eAt = 0u; eAt < 25u + group.z; eAt += 1u) {
          let e1 = b0[eAt * 8u + (row / 8u) * 200u + (row % 8u)];
          t0 = t0 + e1;
        }
        b1[row] = t0;
      }"
    `);
  });
});

describe("memory", () => {
  test("of results that live at the same time is apart, and reused afterwards", () => {
    const trace = ({ x, w }: Inputs) => {
      let y = x;
      for (let layer = 0; layer < 6; layer++) y = y.conv2d(w, { padding: 1 });
      return { y: y.add(x), gradient: grad(y.sum(), [x])[0] };
    };
    const { plan } = planOf("chain", trace, { x: zeros(2, 4, 8, 8), w: zeros(4, 4, 3, 3) });
    const [first, last] = [new Map<number, number>(), new Map<number, number>()];
    plan.dispatches.forEach(({ memory }, at) => {
      for (const each of memory) {
        if (!first.has(each)) first.set(each, at);
        last.set(each, at);
      }
    });
    const inArena = plan.memory.flatMap(({ bytes, place }, at) =>
      place.kind === "arena" ? [{ bytes, offset: place.offset, from: first.get(at) ?? 0, to: last.get(at) ?? 0 }] : [],
    );
    expect(inArena.length).toBeGreaterThan(8);
    for (const [at, a] of inArena.entries()) {
      for (const b of inArena.slice(at + 1)) {
        const isTogether = a.from <= b.to && b.from <= a.to;
        const isApart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
        expect(!isTogether || isApart).toBe(true);
      }
    }
    const all = inArena.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(arenaBytes(plan)).toBeLessThan(all / 2);
    expect(arenaBytes(plan)).toBeLessThan(1.2 * plan.arenaLowerBound);
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

test("submits are few, and none is estimated to take long on a slow GPU", () => {
  const { plan } = planOf("sums", ({ x, w }) => ({ y: x.conv2d(w, { padding: 1 }).conv2d(w, { padding: 1 }).exp() }), {
    x: zeros(1, 4, 8, 8),
    w: zeros(4, 4, 3, 3),
  });
  expect(cutIntoSubmits(plan.dispatches, plan.memory)).toEqual([plan.dispatches]);
  // 60 ms of arithmetic each.
  const long = plan.dispatches.map((dispatch) => ({ ...dispatch, flops: 6e9 }));
  expect(cutIntoSubmits(long, plan.memory)).toEqual(long.map((dispatch) => [dispatch]));
  const many = Array.from({ length: 600 }, () => plan.dispatches[0]);
  expect(cutIntoSubmits(many, plan.memory).map(({ length }) => length)).toEqual([256, 256, 88]);
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
  expect(kernels.size).toBeGreaterThan(6);
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
