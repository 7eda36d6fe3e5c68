// What the backend asks of a GPU adapter, and how a software stand-in is told from a GPU. Adapters are found elsewhere.

/** Features that help where an adapter has them; nothing needs one. */
const HELPFUL_FEATURES = ["timestamp-query", "subgroups"] as const;

/** Buffers that a kernel binds at most: more of them than a device must have, fewer dispatches where it has them. */
const ENOUGH_BUFFERS = 16;

/** The device to request of an adapter: its largest buffers and the features that help. */
export function describeDevice(adapter: GPUAdapter): GPUDeviceDescriptor {
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const maxStorageBuffersPerShaderStage = Math.min(adapter.limits.maxStorageBuffersPerShaderStage, ENOUGH_BUFFERS);
  return {
    label: "stillroom",
    requiredFeatures: HELPFUL_FEATURES.filter((feature) => adapter.features.has(feature)),
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
  };
}

/** An adapter's limits as a plain object: they are getters of its prototype. */
export function listLimits(limits: GPUSupportedLimits): Record<string, number> {
  const names = Object.keys(Object.getPrototypeOf(limits) as object);
  const entries = names.map((name) => [name, Reflect.get(limits, name) as unknown] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"));
}

/** Whether an adapter computes on the CPU: never chosen unless asked for by name. */
export function isSoftwareAdapter(info: GPUAdapterInfo, name = ""): boolean {
  const words = [name, info.description, info.device, info.architecture, info.vendor].join(" ");
  return info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i.test(words);
}
