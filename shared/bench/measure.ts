// Measures one question: the first run, the runs after it, and how far its results lie from float64.
import { createReferenceBackend, Runtime, type Value } from "../engine/index.ts";
import { dryRun } from "./dry-run.ts";
import type { BenchOptions } from "./suite.ts";
import type { Question, Workload } from "./workload.ts";

export interface BenchRecord {
  readonly name: string;
  readonly suite: string;
  readonly width: number;
  readonly backend: string;
  readonly adapter: string;
  readonly shapes: string;
  /** The first run, compilation included. */
  readonly firstMs: number;
  readonly medianMs: number;
  readonly runs: number;
  readonly gflop: number;
  readonly gflops: number;
  /** Of the adapter's measured multiply-add peak; null where there is none. */
  readonly peakShare: number | null;
  /** Of one run. */
  readonly dispatches: number | null;
  /** Memory in use at most, and memory that the device gave, what is kept for reuse included. */
  readonly peakBytes: number | null;
  readonly heldBytes: number | null;
  /** |result - float64| / |float64| (Frobenius) of each result, and the largest of them; null where it was not asked for. */
  readonly errors: Readonly<Record<string, number>> | null;
  readonly error: number | null;
}

/** What a backend can tell of itself, beyond the contract. */
export interface Counters {
  dispatches(): number | null;
  peakBytes(): number | null;
  heldBytes(): number | null;
  /** Ends when everything that was asked for is computed. */
  settle(): Promise<unknown>;
}

export type Numbers = Float32Array | Float64Array | Int32Array;
export type Results = Readonly<Record<string, Numbers>>;

export interface MeasureOptions extends BenchOptions {
  readonly counters: Counters;
  /** 10^9 operations a second of the adapter at best. */
  readonly peakGflops: number | null;
  /** The same results in float64; without it no error is told. */
  readonly truth?: (workload: Workload) => Promise<Results>;
  /** Runs for at least so long, and at least three times. */
  readonly seconds?: number;
}

/** `runtime` must be new: what was compiled before would make the first run look short, and memory that was used before large. */
export async function measure(question: Question, runtime: Runtime, options: MeasureOptions): Promise<BenchRecord> {
  const { counters, peakGflops, truth, seconds = 2 } = options;
  const workload = question.create(options);
  const gflop = (await dryRun(async (dry) => (await workload.prepare(dry))())) / 1e9;
  const step = await workload.prepare(runtime);
  const time = async () => {
    const from = performance.now();
    await step();
    await counters.settle();
    return performance.now() - from;
  };
  await counters.settle();
  const firstMs = await time();
  const before = counters.dispatches();
  await time();
  const after = counters.dispatches();
  const times: number[] = [];
  const start = performance.now();
  while (times.length < 3 || (performance.now() - start < seconds * 1000 && times.length < 50))
    times.push(await time());
  const medianMs = medianOf(times);
  const memory = { peakBytes: counters.peakBytes(), heldBytes: counters.heldBytes() };
  const errors = truth ? compareResults(await readResults(workload, runtime), await truth(workload)) : null;
  const { backend, adapter } = runtime.backend.capabilities;
  const gflops = gflop / (medianMs / 1000);
  return {
    name: question.name,
    suite: options.suite,
    width: options.width,
    backend,
    adapter,
    shapes: workload.shapes,
    firstMs,
    medianMs,
    runs: times.length,
    gflop,
    gflops,
    peakShare: peakGflops === null ? null : gflops / peakGflops,
    dispatches: before === null || after === null ? null : after - before,
    ...memory,
    errors,
    error: errors && Math.max(...Object.values(errors)),
  };
}

/** The results in float64, computed on the reference backend: minutes for the largest. */
export function computeTruth(workload: Workload): Promise<Results> {
  return readResults(workload, new Runtime(createReferenceBackend()));
}

export async function readResults(workload: Workload, runtime: Runtime): Promise<Results> {
  const values: Readonly<Record<string, Value>> = await workload.results(runtime);
  const read: Record<string, Numbers> = {};
  for (const [name, value] of Object.entries(values)) read[name] = await runtime.read(value);
  runtime.free(values);
  return read;
}

/** The relative error of each result; NaN where one is missing or of another length. */
export function compareResults(actual: Results, expected: Results): Record<string, number> {
  return Object.fromEntries(
    Object.entries(expected).map(([name, numbers]) => [name, relativeError(actual[name], numbers)]),
  );
}

function relativeError(actual: Numbers | undefined, expected: Numbers): number {
  if (actual?.length !== expected.length) return Number.NaN;
  let difference = 0;
  let total = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    total += expected[i] ** 2;
  }
  return Math.sqrt(difference / total);
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
