// A device that computes nothing and takes no time. A backend on it compiles, runs and frees as on the device that it stands
// for, so that the memory of a run is known before the run.

/** What a backend learns of a device. */
type Known = Pick<GPUDevice, "limits" | "features" | "adapterInfo">;

/** The part of a device that a backend uses. */
type Used = Known &
  Pick<
    GPUDevice,
    | "queue"
    | "lost"
    | "addEventListener"
    | "pushErrorScope"
    | "popErrorScope"
    | "createBuffer"
    | "createBindGroup"
    | "createBindGroupLayout"
    | "createPipelineLayout"
    | "createShaderModule"
    | "createComputePipelineAsync"
    | "createCommandEncoder"
    | "destroy"
  >;

const nothing = (): undefined => undefined;
const inert = {} as const;

export function createDryDevice({ limits, features, adapterInfo }: Known): GPUDevice {
  const createBuffer = ({ size, label = "" }: GPUBufferDescriptor) => ({
    size,
    label,
    destroy: nothing,
    mapAsync: async () => undefined,
    getMappedRange: () => new ArrayBuffer(size),
    unmap: nothing,
  });
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer: nothing, finish: () => inert };
  const device = {
    limits,
    features,
    adapterInfo,
    lost: new Promise<never>(nothing),
    queue: { writeBuffer: nothing, submit: nothing, onSubmittedWorkDone: async () => undefined },
    addEventListener: nothing,
    pushErrorScope: nothing,
    popErrorScope: async () => null,
    createBuffer,
    createBindGroup: () => inert,
    createBindGroupLayout: () => inert,
    createPipelineLayout: () => inert,
    createShaderModule: () => inert,
    createComputePipelineAsync: async () => inert,
    createCommandEncoder: () => encoder,
    destroy: nothing,
  } satisfies Record<keyof Used, unknown>;
  return device as unknown as GPUDevice;
}
