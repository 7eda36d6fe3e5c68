// The GPU adapters of this window, found through navigator.gpu, and a backend on one of them.
import { type AdapterIdentity, crashedError, summariseCheck } from "../../shared/api/adapter-notes.ts";
import type { Client } from "../../shared/api/client.ts";
import type { AdapterList } from "../../shared/api/compute.ts";
import {
  createWebgpuBackend,
  describeDevice,
  isSoftwareAdapter,
  listLimits,
  openKnownAdapter,
  type WebgpuBackend,
} from "../../shared/engine/index.ts";
import { describeError, UserError } from "../../shared/lib/user-error.ts";

type Listing = AdapterList["adapters"][number];

interface Found extends Listing {
  readonly adapter: GPUAdapter;
  readonly kind: GPURequestAdapterOptions;
}

/** Where it is remembered what is found of adapters, and who is told when a new one is checked. */
export interface Remembering {
  readonly client: { readonly compute: Pick<Client["compute"], "findNotes" | "addNotes" | "markCheck"> };
  readonly onNotice: (message: string) => void;
  readonly onProgress: (done: number, total: number, identity: AdapterIdentity) => void;
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
      kind,
    });
  }
  return found;
}

/** Browsers keep the description to themselves unless they are told to give it. */
function nameOf({ description, vendor, architecture }: GPUAdapterInfo): string {
  return description || [vendor, architecture].filter(Boolean).join(" ") || "GPU";
}

export async function listWindowAdapters(gpu: GPU | undefined): Promise<Listing[]> {
  return (await findAdapters(gpu)).map(({ adapter: _adapter, kind: _kind, ...listing }) => listing);
}

/**
 * On the adapter of this name, or without one on the first real GPU, which is checked once before its first run. Throws a
 * UserError that lists what there is.
 */
export async function openWindowGpu(
  gpu: GPU | undefined,
  wanted: string | undefined,
  memoryLimit: number | undefined,
  { client, onNotice, onProgress }: Remembering,
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
  const { name, software } = chosen;
  const target = { adapter: name, software, openDevice: deviceOpener(gpu, chosen) };
  // As in the host's process: software adapters are proved by the tests, and taken only by name.
  if (software) return createWebgpuBackend(await target.openDevice(), { adapter: name, software, memoryLimit });
  const identity = identify(chosen);
  return openKnownAdapter(target, {
    memoryLimit,
    memory: {
      read: async () => {
        const { notes, problem } = await client.compute.findNotes(identity);
        if (problem) onNotice(problem);
        return notes ?? undefined;
      },
      add: (notes) => client.compute.addNotes(identity, notes),
      guard: (check) => guardCheck(identity, client, () => onProgress(0, 1, identity), check),
    },
    onProgress: (done, total) => onProgress(done, total, identity),
    onChecked: (report) => onNotice(summariseCheck(report)),
  });
}

/** Checks after any other page that does, and never again by itself once a check has ended the page or the machine. */
function guardCheck<T>(
  identity: AdapterIdentity,
  client: Remembering["client"],
  onBegin: () => void,
  check: () => Promise<T>,
): Promise<T> {
  const guarded = async () => {
    const { unfinished } = await client.compute.findNotes(identity);
    if (unfinished) throw crashedError(unfinished);
    // Before the mark, which the window takes away when it ends this Worker.
    onBegin();
    await client.compute.markCheck(identity, true);
    try {
      return await check();
    } finally {
      await client.compute.markCheck(identity, false);
    }
  };
  const locks = globalThis.navigator?.locks;
  return locks ? locks.request(`check ${identity.name}`, guarded) : guarded();
}

/** The browser is part of the driver: its compiler stands before it. */
const identify = ({ name, vendor, architecture, description }: Found): AdapterIdentity => ({
  place: "window",
  name,
  driver: [vendor, architecture, description, globalThis.navigator?.userAgent].filter(Boolean).join(" "),
});

function deviceOpener(gpu: GPU | undefined, { adapter: first, kind, name }: Found): () => Promise<GPUDevice> {
  // An adapter gives one device.
  let unused: GPUAdapter | undefined = first;
  return async () => {
    try {
      const adapter = unused ?? (await gpu?.requestAdapter(kind));
      unused = undefined;
      if (!adapter) throw new Error("it is gone");
      return await adapter.requestDevice(describeDevice(adapter));
    } catch (cause) {
      const hint = "Close other programs that use the GPU, or choose another place to compute.";
      throw new UserError("no-device", `${name} gives no device: ${describeError(cause)}`, hint, { cause });
    }
  };
}
