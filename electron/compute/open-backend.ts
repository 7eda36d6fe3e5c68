// Opens the backend that a process computes on. `auto` takes a real GPU, else ONNX Runtime; nothing falls back in silence.
import { availableParallelism } from "node:os";
import {
  type Backend,
  createOnnxBackend,
  createReferenceBackend,
  type OnnxRuntime,
} from "../../shared/engine/index.ts";
import { describeError, UserError } from "../../shared/lib/user-error.ts";
import { type OpenWebgpuOptions, openWebgpu, type Remembering } from "./gpu.ts";

export interface BackendChoice {
  readonly backend: "auto" | "webgpu" | "onnx" | "reference";
  /** The number of a GPU, or a part of its name. */
  readonly adapter?: string | undefined;
  /** Bytes of a GPU's memory; what computes on the CPU knows no ceiling. */
  readonly memoryLimit?: number | undefined;
}

/** With `remembering`, a GPU is checked once before anything is computed on it, and its kernels are measured. */
export async function openBackend(choice: BackendChoice, remembering?: Remembering): Promise<Backend> {
  const { backend, adapter, memoryLimit } = choice;
  switch (backend) {
    case "reference":
      return createReferenceBackend();
    case "onnx":
      return openOnnx();
    case "webgpu":
      // Asked for by name, WebGPU computes on whatever adapter there is.
      return openWebgpu({ ...(adapter === undefined ? { software: true } : { adapter }), memoryLimit, remembering });
    case "auto":
      return adapter === undefined
        ? openBest({ memoryLimit, remembering })
        : openWebgpu({ adapter, memoryLimit, remembering });
    default:
      throw backend satisfies never;
  }
}

/** The first real GPU; where there is none, or no driver for one, the CPU. Each run says which it was. */
async function openBest(options: Pick<OpenWebgpuOptions, "memoryLimit" | "remembering">): Promise<Backend> {
  try {
    return await openWebgpu(options);
  } catch (error) {
    if (error instanceof UserError && (error.code === "no-adapter" || error.code === "no-webgpu")) return openOnnx();
    throw error;
  }
}

async function openOnnx(): Promise<Backend> {
  const runtime = await loadOnnxRuntime();
  const name = `ONNX Runtime ${runtime.env.versions.common}, native`;
  return createOnnxBackend(runtime as unknown as OnnxRuntime, { name, threads: availableParallelism() });
}

/** Its package has no library for some systems, such as Macs with Intel's processors. */
async function loadOnnxRuntime(): Promise<typeof import("onnxruntime-node")> {
  // Read when the library is loaded: else it reports each session to its makers.
  process.env.ORT_DISABLE_TELEMETRY = "1";
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    const where = `${process.platform}-${process.arch}`;
    const message = `ONNX Runtime's native library cannot be loaded on ${where}: ${describeError(cause)}`;
    throw new UserError("no-onnx", message, "Compute in the window instead, which has one of its own.", { cause });
  }
}
