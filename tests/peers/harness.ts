// What every peer runs in: Dawn as the page's WebGPU with its calls counted, the timing, and a record of our own form.
import { create, globals } from "webgpu";
import { loadTruth } from "../../electron/cli/truth.ts";
import { listAdapters, pickAdapter } from "../../electron/compute/gpu.ts";
import { dryRun } from "../../shared/bench/dry-run.ts";
import { questions } from "../../shared/bench/index.ts";
import { compareResults, medianOf, type Results } from "../../shared/bench/measure.ts";
import { createSuite } from "../../shared/bench/suite.ts";

const [width, name, adapterName] = process.argv.slice(2);
export const given = { width: Number(width), name };
export const suite = createSuite({ suite: "peers", width: given.width });
const workload = questions.find((question) => question.name === name)!.create({ suite: "peers", width: given.width });

/** Calls and bytes since the last reset. Bytes are those of buffers that were made and not destroyed. */
const counted = { dispatches: 0, liveBytes: 0, peakBytes: 0 };
let settle: () => Promise<unknown> = async () => {};
let adapter = "CPU";

function around(type: string, method: string, wrap: (call: () => any, self: any, args: any[]) => any): void {
  const { prototype } = globals[type];
  const original = prototype[method];
  prototype[method] = function (...args: any[]) {
    return wrap(() => original.apply(this, args), this, args);
  };
}

/** Makes `navigator.gpu` the adapter of this name. */
export async function openGpu(): Promise<any> {
  const adapters = await listAdapters();
  adapter = adapters[pickAdapter(adapters, adapterName, true)].name;
  const gpu = create(["backend=vulkan", `adapter=${adapter}`]);
  Object.assign(globalThis, globals);
  const navigator = { userAgent: "node", language: "en", platform: "linux", hardwareConcurrency: 2, gpu };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true, writable: true });

  for (const method of ["dispatchWorkgroups", "dispatchWorkgroupsIndirect"]) {
    around("GPUComputePassEncoder", method, (call) => {
      counted.dispatches++;
      return call();
    });
  }
  const sizes = new WeakMap<object, number>();
  around("GPUDevice", "createBuffer", (call, device, [{ size }]) => {
    settle = () => device.queue.onSubmittedWorkDone();
    const buffer = call();
    sizes.set(buffer, size);
    counted.liveBytes += size;
    counted.peakBytes = Math.max(counted.peakBytes, counted.liveBytes);
    return buffer;
  });
  around("GPUBuffer", "destroy", (call, buffer) => {
    counted.liveBytes -= sizes.get(buffer) ?? 0;
    sizes.delete(buffer);
    return call();
  });
  // Dawn for Node refuses a view of a WebAssembly heap.
  const { prototype } = globals.GPUQueue;
  const { writeBuffer } = prototype;
  prototype.writeBuffer = function (buffer: any, at: number, data: any, from = 0, count?: number) {
    const unit = data.BYTES_PER_ELEMENT ?? 1;
    const bytes = count === undefined ? data.byteLength - from * unit : count * unit;
    const source = data.buffer ?? data;
    const copy = new Uint8Array(source, (data.byteOffset ?? 0) + from * unit, bytes).slice();
    return writeBuffer.call(this, buffer, at, copy);
  };
  return gpu;
}

export interface Peer {
  readonly backend: string;
  /** Computes once and frees the results; the work may still be queued. */
  step(): unknown;
  /** What is compared, by our names, in our layouts. */
  results?(): Promise<Results>;
}

/** Prints the record, at first without errors, so that a peer that is ended by the clock has its times. */
export async function measurePeer({ backend, step, results }: Peer): Promise<void> {
  const gflop = (await dryRun(async (runtime) => (await workload.prepare(runtime))())) / 1e9;
  await settle();
  const time = async () => {
    const from = performance.now();
    await step();
    await settle();
    return performance.now() - from;
  };
  const firstMs = await time();
  const print = (times: readonly number[], errors: Record<string, number> | null) => {
    const medianMs = times.length > 0 ? medianOf(times) : null;
    console.log(
      JSON.stringify({
        name,
        suite: "peers",
        width: given.width,
        backend,
        adapter,
        shapes: workload.shapes,
        firstMs,
        medianMs,
        runs: times.length,
        gflop,
        gflops: medianMs && gflop / (medianMs / 1000),
        peakShare: null,
        dispatches: dispatches || null,
        peakBytes: counted.peakBytes || null,
        heldBytes: counted.peakBytes || null,
        errors,
        error: errors && Math.max(...Object.values(errors)),
      }),
    );
  };
  if (firstMs < 10_000) await time();
  const before = counted.dispatches;
  let dispatches = 0;
  const times: number[] = [];
  const start = performance.now();
  while (times.length < 3 || (performance.now() - start < 2000 && times.length < 50)) {
    times.push(await time());
    if (times.length === 1) dispatches = counted.dispatches - before;
    if (performance.now() - start > 2000) print(times, null);
  }
  print(times, null);
  if (results) print(times, compareResults(await results(), await loadTruth(workload, () => {})));
  process.exit(0);
}

/** The parameters as one flat list with our order: conv, scale and shift of each block, then the last layer's weight and bias. */
export function flatParams(tree: any): { name: string; shape: number[]; data: Float32Array }[] {
  const { blocks, linear } = tree;
  return [
    ...blocks.flatMap(({ conv, scale, shift }: any, block: number) => [
      { name: `conv${block + 1}`, ...conv },
      { name: `scale${block + 1}`, ...scale },
      { name: `shift${block + 1}`, ...shift },
    ]),
    { name: "linear", ...linear.weight },
    { name: "bias", ...linear.bias },
  ];
}

/** The first `count` rows of an array. */
export const rows = ({ shape, data }: any, count: number) => ({
  shape: [count, ...shape.slice(1)],
  data: data.subarray(0, (data.length / shape[0]) * count),
});

export const rates = { net: 0.01, images: 1, student: 0.02 };
export const STUDENT_STEPS = 5;
export const EPSILON = 1e-5;
