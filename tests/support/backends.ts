// The backends that every contract runs on, each opened once per test file.
import * as ortNode from "onnxruntime-node";
import {
  type Backend,
  createOnnxBackend,
  createReferenceBackend,
  type OnnxRuntime,
  type WebgpuOptions,
} from "../../shared/engine/index.ts";
import { swiftshaderMissing, useSwiftshader } from "./swiftshader.ts";

export interface TestBackend {
  readonly name: string;
  /** What `capabilities.adapter` must say, so that no test runs on something else unnoticed. */
  readonly adapter: RegExp;
  readonly tolerance: number;
  open(): Promise<Backend>;
}

async function openWasm(): Promise<Backend> {
  const ort = await import("onnxruntime-web/wasm");
  ort.env.wasm.numThreads = 1;
  const runtime = ort as unknown as OnnxRuntime;
  return createOnnxBackend(runtime, { name: `ONNX Runtime ${ort.env.versions.common}, WebAssembly`, threads: 1 });
}

type Given = Pick<WebgpuOptions, "choice" | "limits">;

export const webgpu: TestBackend & { open(given?: Given): Promise<Backend> } = {
  name: "webgpu",
  adapter: /^SwiftShader Device/,
  tolerance: 1e-4,
  open: async (given?: Given) => {
    useSwiftshader();
    // Loads Dawn only now that the driver is in place.
    const { openWebgpu } = await import("../../electron/compute/gpu.ts");
    return openWebgpu({ adapter: "SwiftShader", ...given });
  },
};

export const reference: TestBackend = {
  name: "reference",
  adapter: /float64/,
  tolerance: 1e-9,
  open: async () => createReferenceBackend(),
};

export const testBackends: readonly TestBackend[] = [
  reference,
  {
    name: "onnx native",
    adapter: /^ONNX Runtime [\d.]+, native, 1 thread$/,
    tolerance: 1e-4,
    open: async () => {
      const runtime = ortNode as unknown as OnnxRuntime;
      return createOnnxBackend(runtime, { name: `ONNX Runtime ${ortNode.env.versions.common}, native`, threads: 1 });
    },
  },
  { name: "onnx wasm", adapter: /WebAssembly, 1 thread$/, tolerance: 1e-4, open: openWasm },
  // On other platforms the product's adapters differ from machine to machine: `adapters --check` is the test there.
  ...(swiftshaderMissing ? [] : [webgpu]),
];
