// Which adapter is used, and what is measured of it.
import { beforeAll, describe, expect, test } from "vitest";
import { isSoftwareAdapter, measureDevice, type WebgpuBackend } from "../../../shared/engine/index.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { webgpu } from "../../support/backends.ts";
import { swiftshaderMissing, useSwiftshader } from "../../support/swiftshader.ts";

describe.skipIf(swiftshaderMissing)("adapters in Node", () => {
  let gpu: typeof import("../../../electron/compute/gpu.ts");

  beforeAll(async () => {
    useSwiftshader();
    gpu = await import("../../../electron/compute/gpu.ts");
  });

  test("lists SwiftShader, and as software", async () => {
    const [first, ...others] = await gpu.listAdapters();
    expect(first).toMatchObject({ index: 0, backendType: "vulkan", architecture: "swiftshader", software: true });
    expect(first.name).toMatch(webgpu.adapter);
    expect(first.limits.maxBufferSize).toBeGreaterThan(2 ** 27);
    expect(first.features).toContain("timestamp-query");
    expect(others).toEqual([]);
  });

  test("never opens a software adapter unasked", async () => {
    await expect(gpu.openWebgpu()).rejects.toThrow(UserError);
    await expect(gpu.openWebgpu({ adapter: "auto" })).rejects.toMatchObject({
      code: "no-adapter",
      hint: expect.stringMatching(/0: SwiftShader Device .* \(software\).*--backend onnx/s),
    });
  });

  test("takes a name, a part of it, or an index; else lists what there is", () => {
    const adapters = [
      { name: "llvmpipe (LLVM 19, 256 bits)", software: true },
      { name: "NVIDIA GeForce RTX 4090", software: false },
      { name: "NVIDIA GeForce RTX 3060", software: false },
      { name: "NVIDIA GeForce RTX 3060 Ti", software: false },
    ];
    const pick = (wanted?: string) => gpu.pickAdapter(adapters, wanted);
    expect([
      pick(),
      pick("auto"),
      pick("4090"),
      pick("nvidia geforce rtx 3060"),
      pick("0"),
      pick("2"),
      pick("LLVM"),
    ]).toEqual([1, 1, 1, 2, 0, 2, 0]);
    expect(() => pick("3060")).toThrow(/--adapter 3060 fits 2 adapters/);
    expect(() => pick("radeon")).toThrow(/--adapter radeon fits no adapter/);
    const software = adapters.filter((adapter) => adapter.software);
    expect(gpu.pickAdapter(adapters, undefined, true)).toBe(pick());
    expect(gpu.pickAdapter(software, undefined, true)).toBe(0);
    expect(() => gpu.pickAdapter(software)).toThrow(/no GPU adapter but software ones/);
    expect(() => gpu.pickAdapter([], "0")).toThrow(/There is no WebGPU adapter/);
  });

  test("destroys what is open before the process ends, as a driver that still computes may crash then", async () => {
    const before = process.listeners("exit");
    const backends = [await gpu.openWebgpu({ software: true }), await gpu.openWebgpu({ software: true })];
    const [listener, ...others] = process.listeners("exit").filter((each) => !before.includes(each));
    expect(others).toEqual([]);
    await backends[0].dispose();
    expect(process.listeners("exit")).toContain(listener);
    listener(0);
    expect((await backends[1].device.lost).reason).toBe("destroyed");
    expect(process.listeners("exit")).toEqual(before);
  });

  test("measures multiply-adds and copies", async () => {
    const backend = (await webgpu.open()) as WebgpuBackend;
    const { gflops, gigabytesPerSecond } = await measureDevice(backend.device);
    expect(gflops).toBeGreaterThan(0.01);
    expect(gflops).toBeLessThan(1e4); // the CPU behind SwiftShader is no more than that
    expect(gigabytesPerSecond).toBeGreaterThan(0.01);
    expect(gigabytesPerSecond).toBeLessThan(1e4);
    await backend.dispose();
  });
});

test("tells software adapters from GPUs", () => {
  const info = (description: string, isFallbackAdapter = false) =>
    ({ description, device: "", architecture: "", vendor: "", isFallbackAdapter }) as GPUAdapterInfo;
  for (const name of ["SwiftShader driver 5.0.0", "llvmpipe (LLVM 15)", "Microsoft Basic Render Driver"]) {
    expect(isSoftwareAdapter(info(name)), name).toBe(true);
  }
  expect(isSoftwareAdapter(info("anything", true))).toBe(true);
  for (const name of ["NVIDIA GeForce RTX 3060", "Apple M1", "AMD Radeon RX 6800", "Intel(R) Arc(tm) A770"]) {
    expect(isSoftwareAdapter(info(name)), name).toBe(false);
  }
});
