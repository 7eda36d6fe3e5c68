// One benchmark question: what is computed, how much arithmetic it is, and how to do it once.
import { createReferenceBackend, type HostArray, Runtime, sizeOf } from "../engine/index.ts";
import { deriveKey, rootKey, uniform } from "../lib/random.ts";

export interface BenchOptions {
  readonly suite: "peers" | "spec";
  /** Channels of the network. */
  readonly width: number;
}

export interface Workload {
  readonly shapes: string;
  /** 10^9 floating-point operations of one run, a multiply-add counted as two. */
  readonly gflop: number;
  /** Readies a run on a backend: each call computes once and waits for the numbers. */
  prepare(runtime: Runtime): Promise<() => Promise<Float32Array | Float64Array | Int32Array>>;
  /** The same maths small enough for float64 loops, to compare. */
  readonly small: Omit<Workload, "small" | "gflop" | "shapes">;
}

export interface Question {
  readonly name: string;
  create(options: BenchOptions): Workload;
}

export interface BenchRecord {
  readonly name: string;
  readonly suite: string;
  readonly width: number;
  readonly backend: string;
  readonly adapter: string;
  readonly shapes: string;
  readonly medianMs: number;
  readonly runs: number;
  readonly gflop: number;
  readonly gflops: number;
  /** Of the adapter's measured multiply-add peak; null where there is none. */
  readonly peakShare: number | null;
  readonly dispatches: number | null;
  readonly peakBytes: number | null;
  /** Relative error (Frobenius) of the small case against float64. */
  readonly error: number;
}

export function randomArray(shape: readonly number[], name: string, low = -1, high = 1): HostArray {
  return { shape, data: uniform(deriveKey(rootKey(1), "bench", name), sizeOf(shape), low, high) };
}

/** What a backend can tell of itself, beyond the contract. */
export interface Counters {
  dispatches(): number | null;
  peakBytes(): number | null;
}

/** Measures one question: warm-up first, then runs for at least `seconds`. */
export async function measure(
  question: Question,
  options: BenchOptions,
  runtime: Runtime,
  counters: Counters,
  peakGflops: number | null,
  seconds = 2,
): Promise<BenchRecord> {
  const workload = question.create(options);
  const run = await workload.prepare(runtime);
  await run();
  const before = counters.dispatches();
  await run();
  const after = counters.dispatches();
  const times: number[] = [];
  const start = performance.now();
  while (times.length < 3 || (performance.now() - start < seconds * 1000 && times.length < 50)) {
    const from = performance.now();
    await run();
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  const medianMs = times[Math.floor(times.length / 2)];
  const gflops = workload.gflop / (medianMs / 1000);
  const { backend, adapter } = runtime.backend.capabilities;
  return {
    name: question.name,
    ...options,
    backend,
    adapter,
    shapes: workload.shapes,
    medianMs,
    runs: times.length,
    gflop: workload.gflop,
    gflops,
    peakShare: peakGflops === null ? null : gflops / peakGflops,
    dispatches: before === null || after === null ? null : after - before,
    peakBytes: counters.peakBytes(),
    error: await relativeError(workload, runtime),
  };
}

async function relativeError(workload: Workload, runtime: Runtime): Promise<number> {
  const actual = await (await workload.small.prepare(runtime))();
  const expected = await (await workload.small.prepare(new Runtime(createReferenceBackend())))();
  let difference = 0;
  let total = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    total += expected[i] ** 2;
  }
  return Math.sqrt(difference / total);
}
