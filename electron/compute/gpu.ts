// GPU adapters in Node, found by Dawn (the npm package "webgpu"), and a backend on one of them.
import packageJson from "../../package.json" with { type: "json" };
import { type AdapterIdentity, summariseCheck } from "../../shared/api/adapter-notes.ts";
import {
  type AdapterMemory,
  type CheckReport,
  checkAdapter,
  createWebgpuBackend,
  describeDevice,
  isSoftwareAdapter,
  listLimits,
  openKnownAdapter,
  type WebgpuBackend,
  type WebgpuOptions,
} from "../../shared/engine/index.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { addAdapterNotes, readAdapterNotes } from "../host/adapter-notes.ts";
import { guardCheck } from "../host/check-marks.ts";

export interface AdapterListing {
  /** What `--adapter` takes besides a part of the name. */
  readonly index: number;
  readonly name: string;
  readonly description: string;
  readonly vendor: string;
  readonly architecture: string;
  /** The graphics API underneath: "vulkan", "metal", "d3d12". */
  readonly backendType: string;
  /** Whether it computes on the CPU; such an adapter is used only when it is named. */
  readonly software: boolean;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: readonly string[];
}

interface Found extends AdapterListing {
  readonly adapter: GPUAdapter;
  /** Keeps Dawn alive for as long as the adapter's device is needed. */
  readonly gpu: GPU;
}

const DRIVER_HINT =
  "Install your GPU's driver (on Linux with Vulkan: the loader libvulkan1 and the driver of your make, e.g. mesa-vulkan-drivers or nvidia-driver), or use --backend onnx, which needs none.";

/**
 * Whether Linux's Vulkan loader is there, without which Dawn finds nothing and says so on stderr. A library that is no
 * Node addon is loaded and then refused; one that is not there is refused in other words.
 */
function lacksVulkan(): boolean {
  if (process.platform !== "linux") return false;
  try {
    process.dlopen({ exports: {} }, "libvulkan.so.1");
  } catch (error) {
    return messageOf(error).includes("cannot open shared object file");
  }
  return false;
}

async function loadDawn(): Promise<typeof import("webgpu")> {
  if (lacksVulkan()) {
    throw new UserError(
      "no-adapter",
      "There is no WebGPU adapter: the Vulkan loader (libvulkan.so.1) is missing.",
      DRIVER_HINT,
    );
  }
  try {
    return await import("webgpu");
  } catch (cause) {
    const where = `${process.platform}-${process.arch}`;
    const message = `WebGPU (Dawn) cannot be loaded on ${where}: ${messageOf(cause)}`;
    throw new UserError("no-webgpu", message, "Run npm ci again, or use --backend onnx, which needs no GPU.", {
      cause,
    });
  }
}

/** Names and APIs as Dawn tells them to whoever asks for an adapter that does not exist. */
async function adapterNames(create: (options: string[]) => GPU): Promise<{ backendType: string; name: string }[]> {
  let answer = "";
  try {
    await create(["adapter=(a name that no adapter has)"]).requestAdapter();
  } catch (error) {
    answer = messageOf(error);
  }
  return [...answer.matchAll(/backend: '([^']*)', name: '(.*)'$/gm)].map(([, backendType, name]) => ({
    backendType,
    name,
  }));
}

async function findAdapters(): Promise<Found[]> {
  const { create } = await loadDawn();
  const found: Found[] = [];
  for (const { backendType, name } of await adapterNames(create)) {
    const gpu = create([`backend=${backendType}`, `adapter=${name}`]);
    const adapter = await gpu.requestAdapter().catch(() => null);
    // OpenGL is no full WebGPU device.
    if (!adapter?.features.has("core-features-and-limits")) continue;
    const { info } = adapter;
    found.push({
      index: found.length,
      name,
      description: info.description,
      vendor: info.vendor,
      architecture: info.architecture,
      backendType,
      software: isSoftwareAdapter(info, name),
      limits: listLimits(adapter.limits),
      features: [...adapter.features].sort(),
      adapter,
      gpu,
    });
  }
  return found;
}

/** Every adapter of this machine, software ones included. Throws a UserError where Dawn itself does not load. */
export async function listAdapters(): Promise<AdapterListing[]> {
  return (await findAdapters()).map(({ adapter: _adapter, gpu: _gpu, ...listing }) => listing);
}

/** Where it is remembered what is found of adapters, and who is told when a new one is checked. */
export interface Remembering {
  /** The store's folder. */
  readonly home: string;
  /** A sentence for a person. */
  readonly onNotice: (message: string) => void;
  readonly onProgress?: (done: number, total: number) => void;
  /** A person names the adapter: it is checked also where a check has crashed before. */
  readonly isAsked?: boolean;
}

export interface OpenWebgpuOptions {
  readonly adapter?: string;
  readonly software?: boolean;
  readonly choice?: WebgpuOptions["choice"];
  readonly memoryLimit?: number | undefined;
  /** Below the device's, for tests. */
  readonly limits?: WebgpuOptions["limits"];
  readonly remembering?: Remembering | undefined;
}

/**
 * A backend on the adapter with this index or (part of) its name, or, without one or with "auto", on the first real GPU.
 * Throws a UserError that lists what there is.
 */
export async function openWebgpu(options: OpenWebgpuOptions = {}): Promise<WebgpuBackend> {
  const found = await findAdapters();
  const chosen = found[pickAdapter(found, options.adapter, options.software)];
  // Dawn goes away with the last reference to its GPU object.
  const keepAlive = new Set<GPU>([chosen.gpu]);
  const onDispose = () => keepAlive.clear();
  const target = targetOf(chosen);
  const { choice, limits, memoryLimit, remembering } = options;
  if (!remembering || !isMeasured(chosen)) {
    const { adapter, software } = target;
    return createWebgpuBackend(await target.openDevice(), {
      adapter,
      software,
      choice,
      limits,
      memoryLimit,
      onDispose,
    });
  }
  const { onNotice, onProgress } = remembering;
  let isTold = false;
  return openKnownAdapter(target, {
    memoryLimit,
    memory: memoryOf(chosen, remembering),
    onProgress: (done, total) => {
      if (!isTold) onNotice(checking(chosen.name));
      isTold = true;
      onProgress?.(done, total);
    },
    onChecked: (report) => onNotice(summariseCheck(report)),
    onDispose,
  });
}

const checking = (name: string) => `The kernels are checked on ${name}: once, since it or its driver is new here.`;

/** Proves every kernel on an adapter that a listing named, and remembers what was found. */
export async function checkListed(name: string, remembering: Remembering): Promise<CheckReport> {
  const chosen = (await findAdapters()).find((each) => each.name === name);
  if (!chosen) throw new UserError("adapter", `There is no adapter called ${name} any more.`, DRIVER_HINT);
  const { onProgress } = remembering;
  const memory = memoryOf(chosen, { ...remembering, isAsked: true });
  return memory.guard(async () => {
    const report = await checkAdapter(targetOf(chosen), onProgress ? { onProgress } : {});
    await memory.add({ check: report, memory: {} });
    return report;
  });
}

/**
 * Software adapters are the same code on every machine, are proved by the tests, and are taken only by name: they are used as
 * they are, unless STILLROOM_TUNE=1 asks for what a GPU gets.
 */
const isMeasured = ({ software }: Found) => !software || process.env.STILLROOM_TUNE === "1";

function targetOf({ adapter: first, gpu, name, software }: Found) {
  // An adapter gives one device.
  let unused: GPUAdapter | null = first;
  const openDevice = async (): Promise<GPUDevice> => {
    try {
      const adapter = unused ?? (await gpu.requestAdapter());
      unused = null;
      if (!adapter) throw new Error("it is gone");
      return endWithProcess(await adapter.requestDevice(describeDevice(adapter)));
    } catch (cause) {
      throw new UserError("no-device", `${name} gives no device: ${messageOf(cause)}`, DRIVER_HINT, { cause });
    }
  };
  return { adapter: name, software, openDevice };
}

const openDevices = new Set<GPUDevice>();

/**
 * A process that ends while a driver's threads compile or compute may crash in them, since what they use is taken down first: on
 * lavapipe 10 of 60 did. Destroying a device waits for them.
 */
function endWithProcess(device: GPUDevice): GPUDevice {
  if (openDevices.size === 0) process.once("exit", destroyDevices);
  openDevices.add(device);
  void device.lost.then(() => {
    openDevices.delete(device);
    if (openDevices.size === 0) process.off("exit", destroyDevices);
  });
  return device;
}

function destroyDevices(): void {
  for (const device of openDevices) device.destroy();
}

function memoryOf(
  { name, description, backendType }: Found,
  { home, onNotice, isAsked = false }: Remembering,
): AdapterMemory {
  const identity: AdapterIdentity = { place: "process", name, driver: `${backendType}: ${description}` };
  return {
    read: async () => {
      const { notes, problem } = await readAdapterNotes(home, packageJson.version, identity);
      if (problem) onNotice(problem);
      return notes;
    },
    add: (notes) => addAdapterNotes(home, packageJson.version, identity, notes),
    guard: (check) => guardCheck({ home, app: packageJson.version, identity, isAsked }, check),
  };
}

/** Which of the adapters is meant: a software one only where it is named, or allowed and there is no GPU. */
export function pickAdapter(
  adapters: readonly Pick<AdapterListing, "name" | "software">[],
  wanted?: string,
  allowSoftware = false,
): number {
  const list = adapters.map(({ name, software }, index) => `${index}: ${name}${software ? " (software)" : ""}`);
  const known = `Adapters here: ${list.join("; ") || "none"}.`;
  if (adapters.length === 0) throw new UserError("no-adapter", "There is no WebGPU adapter.", DRIVER_HINT);
  if (wanted === undefined || wanted === "auto") {
    const first = adapters.findIndex(({ software }) => !software);
    if (first >= 0) return first;
    if (allowSoftware) return 0;
    const hint = `${known} Name one with --adapter to use it all the same, or use --backend onnx, which is faster. ${DRIVER_HINT}`;
    throw new UserError("no-adapter", "There is no GPU adapter but software ones.", hint);
  }
  const matches = adapters.flatMap(({ name }, index) =>
    name.toLowerCase().includes(wanted.toLowerCase()) ? [index] : [],
  );
  const exact = adapters.findIndex(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  if (exact >= 0) return exact;
  if (/^\d+$/.test(wanted) && Number(wanted) < adapters.length) return Number(wanted);
  if (matches.length === 1) return matches[0];
  const problem = matches.length > 1 ? `fits ${matches.length} adapters` : "fits no adapter";
  throw new UserError("adapter", `--adapter ${wanted} ${problem}.`, `${known} Give an index or more of a name.`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
