// Where the time of a run goes on a GPU: its dispatches by kernel, beside what the device can do at best.
import type { DeviceSpeed, DispatchTime } from "../engine/index.ts";

export interface KernelProfile {
  /** The program, the ops that the kernel computes and the type of its last result. */
  readonly program: string;
  readonly kernel: string;
  readonly dispatches: number;
  readonly milliseconds: number;
  /** Of all dispatches. */
  readonly share: number;
  /** 10^9 a second, and of the device's measured peaks. */
  readonly gflops: number;
  readonly peakShare: number;
  readonly gigabytesPerSecond: number;
  readonly bandwidthShare: number;
}

/** Kernels by the time that they take, the longest first. */
export function summariseProfile(times: readonly DispatchTime[], speed: DeviceSpeed): KernelProfile[] {
  const total = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const kernels = Map.groupBy(times, ({ program, label }) => `${program}\n${label}`);
  const rows = [...kernels.values()].map((dispatches): KernelProfile => {
    const sum = (of: (time: DispatchTime) => number) => dispatches.reduce((all, time) => all + of(time), 0);
    const milliseconds = sum((time) => time.milliseconds);
    const perSecond = (amount: number) => (milliseconds > 0 ? amount / milliseconds / 1e6 : 0);
    const gflops = perSecond(sum(({ flops }) => flops));
    const gigabytesPerSecond = perSecond(sum(({ bytes }) => bytes));
    return {
      program: dispatches[0].program,
      kernel: dispatches[0].label,
      dispatches: dispatches.length,
      milliseconds,
      share: total > 0 ? milliseconds / total : 0,
      gflops,
      peakShare: gflops / speed.gflops,
      gigabytesPerSecond,
      bandwidthShare: gigabytesPerSecond / speed.gigabytesPerSecond,
    };
  });
  return rows.sort((a, b) => b.milliseconds - a.milliseconds);
}
