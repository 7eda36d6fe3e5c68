// Every benchmark question, in one list.
import { convolutions } from "./convolution.ts";
import { dcStep } from "./dc.ts";
import { dmStep } from "./dm.ts";
import { forward } from "./forward.ts";
import { matmul512, matmul1024 } from "./matmul.ts";
import { mttStep } from "./mtt.ts";
import { train } from "./train.ts";
import type { Question } from "./workload.ts";

export const questions: readonly Question[] = [
  matmul512,
  matmul1024,
  ...convolutions,
  forward,
  train,
  dmStep,
  dcStep,
  mttStep,
];

export { dryRun } from "./dry-run.ts";
export {
  type BenchRecord,
  type Counters,
  compareResults,
  computeTruth,
  measure,
  type Results,
  readResults,
} from "./measure.ts";
export { type KernelProfile, summariseProfile } from "./profile.ts";
export type { BenchOptions } from "./suite.ts";
export type { Question, Workload } from "./workload.ts";
