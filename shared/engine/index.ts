// The engine's public surface: the rest of the app imports only this.
export {
  type Backend,
  type Capabilities,
  type Executable,
  type HostArray,
  printProgram,
  type Value,
} from "./backend.ts";
export { BackendError, DeviceLostError, ShapeError } from "./errors.ts";
export { countFlops } from "./flops.ts";
export { grad } from "./grad.ts";
export { createOnnxBackend, type OnnxRuntime } from "./onnx/run.ts";
export {
  type Arguments,
  defineProgram,
  type HostTree,
  isValue,
  opaque,
  type Program,
  type Results,
  Runtime,
  type TensorTree,
  tensorsOf,
  traceProgram,
  type ValueTree,
  withTensors,
  zerosLike,
} from "./program.ts";
export { createReferenceBackend } from "./reference/backend.ts";
export { sizeOf } from "./shape.ts";
export { Tensor } from "./tensor.ts";
export { createWebgpuBackend, printPlan, type WebgpuBackend, type WebgpuOptions } from "./webgpu/backend.ts";
export { type CheckReport, type CheckTarget, checkAdapter } from "./webgpu/check.ts";
export { describeDevice, isSoftwareAdapter, listLimits } from "./webgpu/device.ts";
export { type AdapterMemory, openKnownAdapter } from "./webgpu/known-adapter.ts";
export { type DeviceSpeed, measureDevice } from "./webgpu/measure.ts";
export type { DispatchTime } from "./webgpu/profile.ts";
