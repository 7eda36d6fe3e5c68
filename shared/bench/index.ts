// Every benchmark question, in one list.
import { dmStep } from "./dm.ts";
import { forward } from "./forward.ts";
import { matmul512, matmul1024 } from "./matmul.ts";
import { train } from "./train.ts";
import type { Question } from "./workload.ts";

export const questions: readonly Question[] = [matmul512, matmul1024, forward, train, dmStep];

export { type BenchRecord, measure, type Question } from "./workload.ts";
