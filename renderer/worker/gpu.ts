// The GPU adapters of this window, found through navigator.gpu, and a backend on one of them.
import type { AdapterList } from "../../shared/api/compute.ts";
import {
  createWebgpuBackend,
  describeDevice,
  isSoftwareAdapter,
  listLimits,
  type WebgpuBackend,
} from "../../shared/engine/index.ts";
import { describeError, UserError } from "../../shared/lib/user-error.ts";

type Listing = AdapterList["adapters"][number];

interface Found extends Listing {
  readonly adapter: GPUAdapter;
}

/** A page learns of adapters only by asking for kinds of them; the last kind is where Chromium hides its software one. */
const kinds: readonly GPURequestAdapterOptions[] = [
  { powerPreference: "high-performance" },
  { powerPreference: "low-power" },
  { forceFallbackAdapter: true },
];

/** Throws UserError "no-webgpu" where the browser has none. */
async function findAdapters(gpu: GPU | undefined): Promise<Found[]> {
  if (!gpu) {
    throw new UserError(
      "no-webgpu",
      "This window has no WebGPU.",
      "Use a browser that has it, at an address that begins with https:// or http://127.0.0.1.",
    );
  }
  const found: Found[] = [];
  for (const kind of kinds) {
    const adapter = await gpu.requestAdapter(kind).catch(() => null);
    if (!adapter) continue;
    const { info } = adapter;
    const name = nameOf(info);
    if (found.some((other) => other.name === name)) continue;
    found.push({
      index: found.length,
      name,
      description: info.description,
      vendor: info.vendor,
      architecture: info.architecture,
      backendType: "",
      software: isSoftwareAdapter(info),
      limits: listLimits(adapter.limits),
      features: [...adapter.features].sort(),
      adapter,
    });
  }
  return found;
}

/** Browsers keep the description to themselves unless they are told to give it. */
function nameOf({ description, vendor, architecture }: GPUAdapterInfo): string {
  return description || [vendor, architecture].filter(Boolean).join(" ") || "GPU";
}

export async function listWindowAdapters(gpu: GPU | undefined): Promise<Listing[]> {
  return (await findAdapters(gpu)).map(({ adapter: _adapter, ...listing }) => listing);
}

/** On the adapter of this name, or without one on the first real GPU. Throws a UserError that lists what there is. */
export async function openWindowGpu(
  gpu: GPU | undefined,
  wanted: string | undefined,
  memoryLimit?: number,
): Promise<WebgpuBackend> {
  const found = await findAdapters(gpu);
  const chosen = found.find(({ name, software }) => (wanted === undefined ? !software : name === wanted));
  if (!chosen) {
    const list = found.map(({ name, software }) => (software ? `${name} (software)` : name)).join("; ") || "none";
    const what = wanted === undefined ? "no GPU" : `no adapter called ${wanted}`;
    throw new UserError(
      "no-adapter",
      `This window has ${what}.`,
      `Adapters here: ${list}. Choose another place to compute.`,
    );
  }
  const { adapter, name, software } = chosen;
  try {
    const device = await adapter.requestDevice(describeDevice(adapter));
    return createWebgpuBackend(device, { adapter: name, software, memoryLimit });
  } catch (cause) {
    const hint = "Close other programs that use the GPU, or choose another place to compute.";
    throw new UserError("no-device", `${name} gives no device: ${describeError(cause)}`, hint, { cause });
  }
}
