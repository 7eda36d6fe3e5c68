// Progress of an experiment as lines for those who follow it: not more than some a second, and always the last of a stage.
import type { Progress } from "../experiment/ports.ts";
import type { ProgressLine } from "./compute.ts";

export function createProgressTeller(
  tell: (line: ProgressLine) => void,
  everyMs: number,
  clock: () => number,
): (progress: Progress) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const now = clock();
    if (progress.done !== progress.total && now - toldAt < everyMs) return;
    toldAt = now;
    const secondsLeft = Number.isFinite(progress.secondsLeft) ? progress.secondsLeft : null;
    tell({ type: "progress", ...progress, secondsLeft });
  };
}
