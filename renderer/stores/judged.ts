// How steps did on held-out images: one point a step, and the best of them as a run chooses it.
import type { Point } from "./decimate.ts";
import type { Evaluation } from "./run-state.ts";

/** In the order of steps; the last word on a step counts. */
export function toJudgedPoints(judged: readonly Evaluation[]): Point[] {
  const steps = new Map(judged.map(({ step, accuracy }) => [step, accuracy]));
  return [...steps].sort(([a], [b]) => a - b).map(([step, value]) => ({ step, value }));
}

/** The first step that no other surpasses. */
export function findBestStep(points: readonly Point[]): Point | undefined {
  return points.reduce<Point | undefined>((best, each) => (best && best.value >= each.value ? best : each), undefined);
}
