// One benchmark question: what is computed once, and which of its results are compared with float64.
import type { Runtime, Value } from "../engine/index.ts";
import type { BenchOptions } from "./suite.ts";

export interface Workload {
  readonly shapes: string;
  /** Uploads what is given. Each call of what it returns computes once and frees the results; the first one compiles. */
  prepare(runtime: Runtime): Promise<() => Promise<void>>;
  /** Computes once what is compared, by name. The values are the caller's to free. */
  results(runtime: Runtime): Promise<Readonly<Record<string, Value>>>;
}

export interface Question {
  readonly name: string;
  create(options: BenchOptions): Workload;
}
