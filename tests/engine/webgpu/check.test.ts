// The check of an adapter on SwiftShader: all is right; a broken variant is named, switched off and replaced; and what is remembered.
import { beforeAll, describe, expect, test } from "vitest";
import {
  type AdapterMemory,
  type CheckReport,
  type CheckTarget,
  checkAdapter,
  defineProgram,
  describeDevice,
  openKnownAdapter,
  Runtime,
  type Tensor,
} from "../../../shared/engine/index.ts";
import { asOp, type Op, type Primitive } from "../../../shared/engine/op.ts";
import { ops as allOps } from "../../../shared/engine/ops/index.ts";
import { matmul } from "../../../shared/engine/ops/matmul.ts";
import { listCases } from "../../../shared/engine/webgpu/check-cases.ts";
import type { GpuNode, KernelLowering, VariantsOf } from "../../../shared/engine/webgpu/kernel.ts";
import { createChooser, traitsOf, type VariantMemory } from "../../../shared/engine/webgpu/variants.ts";
import { swiftshaderMissing, useSwiftshader } from "../../support/swiftshader.ts";

/** Compiling for SwiftShader takes seconds. */
const TIMEOUT_MS = 120_000;

let gpu: GPU;
const devices: GPUDevice[] = [];
const target: CheckTarget = {
  adapter: "SwiftShader",
  software: true,
  openDevice: async () => {
    const adapter = await gpu.requestAdapter();
    if (!adapter) throw new Error("SwiftShader is gone");
    const device = await adapter.requestDevice(describeDevice(adapter));
    devices.push(device);
    return device;
  },
};

type Break = (lowering: KernelLowering) => KernelLowering;
const withKernels =
  (change: (kernel: KernelLowering["kernels"][number]) => KernelLowering["kernels"][number]): Break =>
  (lowering) => ({ ...lowering, kernels: lowering.kernels.map(change) });
const unchanged: Break = (lowering) => lowering;
const breaks = {
  refused: withKernels((kernel) => ({ ...kernel, wgsl: `${kernel.wgsl}\nnot a shader` })),
  lazy: withKernels((kernel) => ({ ...kernel, workgroups: [0, 1] })),
  deadly: (lowering: KernelLowering) => {
    for (const device of devices) device.destroy();
    return lowering;
  },
};

const lower = matmul.webgpu as (node: GpuNode) => VariantsOf;

/** matmul with some of its variants broken. */
const product = (broken: Readonly<Record<string, Break>>): Op =>
  asOp({
    ...matmul,
    name: "product",
    samples: [{ inputs: [{ shape: [17, 8] }, { shape: [8, 12] }], attrs: { transposeA: false, transposeB: false } }],
    webgpu: (node) => (traits) => {
      const set = lower(node as unknown as GpuNode)(traits);
      const variants = set.variants.map(({ name, lower: make }) => ({
        name,
        lower: () => (broken[name] ?? unchanged)(make()),
      }));
      return { ...set, variants };
    },
  });

const verdicts = ({ kernels }: CheckReport, op: string) =>
  Object.fromEntries(kernels.filter((each) => each.op === op).map(({ variant, verdict }) => [variant, verdict]));

describe.skipIf(swiftshaderMissing)("the check of an adapter", () => {
  beforeAll(async () => {
    useSwiftshader();
    gpu = (await import("webgpu")).create([]);
  });

  test(
    "finds every variant and fused program right, and reports it as plain JSON",
    async () => {
      const told: [number, number][] = [];
      const report = await checkAdapter(target, { budgetMs: 0, onProgress: (...each) => told.push(each) });
      expect(report).toMatchObject({ disabled: [], unusable: [], subgroupSize: 4, software: true });
      const right = { tiles: "right", direct: "right", lanes: "right" };
      for (const op of ["conv2d", "convInputGrad", "convWeightGrad"]) {
        expect(verdicts(report, op)).toEqual({ ...right, groups: "right" });
      }
      expect(verdicts(report, "matmul")).toEqual(right);
      expect(report.kernels.filter(({ variant }) => variant === undefined)).toHaveLength(4);
      for (const { verdict, error, cases } of report.kernels) {
        expect(verdict).toBe("right");
        expect(error).toBeLessThan(report.tolerance);
        expect(cases).toBe(1);
      }
      expect(JSON.parse(JSON.stringify(report))).toEqual(report);
      expect(told.at(-1)?.[0]).toBe(told.at(-1)?.[1]);
    },
    TIMEOUT_MS,
  );

  test(
    "names a variant that does not compile and one that is wrong, and another takes their place",
    async () => {
      const op = product({ tiles: breaks.refused, direct: breaks.lazy });
      const report = await checkAdapter(target, { ops: [op] });
      expect(verdicts(report, "product")).toEqual({ tiles: "fails", direct: "wrong", lanes: "right" });
      expect(report.kernels[0].problem).toMatch(/kernel of product .* does not compile: line \d+/s);
      expect(report.kernels[1].problem).toMatch(/^it has an error of .* on \[17,8\] \[8,12\]$/);
      expect(report).toMatchObject({ disabled: ["product/tiles", "product/direct"], unusable: [] });
      const device = await target.openDevice();
      const node: GpuNode = {
        inputs: [
          { shape: [17, 8], dtype: "f32", strides: [8, 1] },
          { shape: [8, 12], dtype: "f32", strides: [12, 1] },
        ],
        output: { shape: [17, 12], dtype: "f32", strides: [12, 1] },
        attrs: { transposeA: false, transposeB: false },
      };
      const traits = traitsOf(device, true);
      const choose = createChooser({ traits, disabled: report.disabled, forced: { product: "tiles" } });
      const lanes = lower(node)(traits).variants.find(({ name }) => name === "lanes");
      const { webgpu } = op as unknown as { webgpu: (given: GpuNode) => VariantsOf };
      expect(choose("product", webgpu(node))).toEqual(lanes?.lower());
      device.destroy();
    },
    TIMEOUT_MS,
  );

  test(
    "says so where only one variant computes some shapes, and that one is wrong",
    async () => {
      const { webgpu, ...rest } = product({ direct: breaks.lazy }) as Primitive;
      const [{ attrs = {} }] = rest.samples;
      const samples = [...rest.samples, { inputs: [{ shape: [3, 5] }, { shape: [5, 4] }], attrs }];
      const narrow: Op = {
        ...rest,
        samples,
        webgpu: (node) => (traits) => {
          const set = (webgpu as (given: GpuNode) => VariantsOf)(node)(traits);
          const sole = set.variants.filter(({ name }) => name === "direct");
          return node.output.shape[0] === 3 ? { ...set, variants: sole } : set;
        },
      };
      const report = await checkAdapter(target, { ops: [narrow] });
      expect(verdicts(report, "product")).toEqual({ tiles: "right", direct: "wrong", lanes: "right" });
      expect(report.unusable).toEqual(["product/direct"]);
    },
    TIMEOUT_MS,
  );

  test(
    "says so where an op has no right variant, and where a variant loses the device, and tries the others all the same",
    async () => {
      const op = product({ tiles: breaks.deadly, direct: breaks.lazy, lanes: breaks.lazy });
      const report = await checkAdapter(target, { ops: [op] });
      expect(verdicts(report, "product")).toEqual({ tiles: "fails", direct: "wrong", lanes: "wrong" });
      expect(report.kernels[0].problem).toMatch(/device is lost/);
      expect(report.unusable).toEqual(["product"]);
      const fused = report.kernels.filter(({ variant }) => variant === undefined);
      expect(fused.map(({ verdict }) => verdict)).toEqual(["right", "right", "right", "right"]);
    },
    TIMEOUT_MS,
  );
});

test("every variant comes once before any comes again", () => {
  const names = listCases(allOps, { software: true, subgroupSize: 4 }).map(({ op, variant }) => `${op}/${variant}`);
  const different = new Set(names);
  // The fused programs follow, of which one is tried on two shapes.
  expect(new Set(names.slice(0, different.size))).toEqual(different);
  expect(names.length).toBeGreaterThan(2 * different.size);
});

test("shapes that only one variant computes need that variant", () => {
  const cases = listCases(allOps, { software: false });
  const sole = cases.filter(({ isOnlyWay }) => isOnlyWay).map(({ op, variant }) => `${op}/${variant}`);
  expect([...new Set(sole)]).toEqual(["conv2d/groups", "convInputGrad/groups", "convWeightGrad/groups"]);
});

describe.skipIf(swiftshaderMissing)("an adapter that is remembered", () => {
  const checked: CheckReport = {
    ...{ adapter: "SwiftShader", software: true, tolerance: 1e-4, milliseconds: 1, kernels: [] },
    ...{ disabled: [], unusable: [] },
  };
  const multiply = defineProgram("multiply", ({ a, b }: { a: Tensor; b: Tensor }) => ({ y: a.matmul(b) }));
  const ones = (shape: number[]) => ({ shape, data: new Float32Array(shape[0] * shape[1]).fill(1) });
  const args = { a: ones([40, 32]), b: ones([32, 24]) };

  /** What is remembered is never checked again. */
  const guard = () => Promise.reject(new Error("nothing is checked again"));

  /** Multiplies on the adapter as it is remembered; gives the kernel that was taken. */
  const compute = async (memory: AdapterMemory): Promise<string> => {
    const backend = await openKnownAdapter(target, { memory });
    const kernels: string[] = [];
    const runtime = new Runtime(backend, (executable) => {
      const { plan } = executable as unknown as { plan: { dispatches: { kernel: { wgsl: string } }[] } };
      kernels.push(...plan.dispatches.map(({ kernel }) => kernel.wgsl));
    });
    const { y } = await runtime.run(multiply, args);
    expect((await runtime.read(y))[0]).toBe(32);
    await backend.dispose();
    expect(kernels).toHaveLength(1);
    return kernels[0];
  };
  const isTiled = (wgsl: string) => wgsl.includes("var<workgroup>");

  beforeAll(async () => {
    useSwiftshader();
    gpu = (await import("webgpu")).create([]);
  });

  test(
    "is measured once a class of shapes; what stands is taken, whatever was measured, also when it goes on later",
    async () => {
      const added: VariantMemory[] = [];
      const kernel = await compute({
        guard,
        read: async () => ({ check: checked, memory: {} }),
        add: async ({ memory }) => {
          added.push(memory);
          // Another process was first.
          return { memory: Object.fromEntries(Object.keys(memory).map((key) => [key, "tiles"])) };
        },
      });
      expect(added).toHaveLength(1);
      expect(Object.keys(added[0])).toEqual([expect.stringMatching(/^matmul /)]);
      expect(isTiled(kernel)).toBe(true);
      const [key] = Object.keys(added[0]);
      const again = await compute({
        guard,
        read: async () => ({ check: checked, memory: { [key]: "tiles" } }),
        add: () => Promise.reject(new Error("nothing is measured again")),
      });
      expect(again).toBe(kernel);
    },
    TIMEOUT_MS,
  );

  test("leaves out what its check switched off, and is refused where it computes wrong numbers", async () => {
    const disabled = ["matmul/lanes", "matmul/tiles"];
    const memory = { "matmul 1x32x32x32 inner-inner": "tiles" };
    const kernel = await compute({
      guard,
      read: async () => ({ check: { ...checked, disabled }, memory }),
      add: async (notes) => notes,
    });
    expect(isTiled(kernel)).toBe(false);
    expect(kernel).not.toContain("subgroup");
    const wrong = { ...checked, unusable: ["conv2d"] };
    const open = openKnownAdapter(target, {
      memory: { guard, read: async () => ({ check: wrong, memory: {} }), add: async (notes) => notes },
    });
    await expect(open).rejects.toMatchObject({ code: "adapter-wrong", message: /wrong numbers: conv2d/ });
  });
});
