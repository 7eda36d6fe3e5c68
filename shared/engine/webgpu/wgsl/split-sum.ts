// Into how many parts a long sum is cut that too few invocations would make otherwise, and where the parts are written.
import type { Kernel, KernelLowering, Slot } from "../kernel.ts";

/** Most memory that the parts of one sum may take. */
const MAX_SCRATCH_BYTES = 4 * 2 ** 20;
const MAX_PARTS = 32;

export interface SplitSum {
  readonly parts: number;
  /** Terms of each part, of the last one at most. */
  readonly length: number;
  readonly slot: Slot;
}

/**
 * Cuts a sum of `terms` terms, so that `wanted` invocations (or workgroups) are kept busy by `each` a part.
 * The cut depends on shapes alone: the same sum is always rounded the same way.
 */
export function splitSum(
  terms: number,
  { each, wanted, shortest, resultSize }: { each: number; wanted: number; shortest: number; resultSize: number },
): SplitSum {
  const most = Math.min(wanted / each, terms / shortest, MAX_PARTS, MAX_SCRATCH_BYTES / (4 * resultSize));
  const length = Math.ceil(terms / Math.max(1, Math.floor(most)));
  const parts = Math.ceil(terms / length);
  return { parts, length, slot: parts === 1 ? "output" : "scratch" };
}

/** The lowering of a kernel that writes a split sum. */
export function lowerSplit(kernel: Kernel, { parts }: SplitSum, resultSize: number): KernelLowering {
  return parts === 1 ? { kernels: [kernel] } : { kernels: [kernel], parts, scratchBytes: parts * resultSize * 4 };
}
