// Events of a small run, numbered as a run writes them.
import type { RunEvent } from "../../shared/api/runs.ts";

type Unnumbered<E> = E extends RunEvent ? Omit<E, "seq" | "time"> : never;

export function number(events: readonly Unnumbered<RunEvent>[], from = 0): RunEvent[] {
  return events.map((event, i) => ({ ...event, seq: from + i, time: 1000 * (from + i) }) as RunEvent);
}

export const step = (n: number, loss: number) =>
  ({ type: "step", stage: "synthesise", step: n, metrics: { loss } }) as const;
export const preview = (n: number) =>
  ({ type: "preview", stage: "synthesise", step: n, file: `${String(n).padStart(6, "0")}.png` }) as const;
export const checkpoint = (n: number) =>
  ({ type: "checkpoint", stage: "synthesise", step: n, file: `${n}.safetensors` }) as const;
export const trial = (set: "distilled" | "random", n: number, accuracy: number) =>
  ({ type: "evaluation", stage: "evaluate", step: n, set, net: "convnet-3", ipc: 2, trial: n, accuracy }) as const;

export const shortRun = number([
  { type: "stage", stage: "synthesise", step: 0, steps: 4 },
  preview(0),
  checkpoint(0),
  step(1, 19),
  step(2, 12),
  preview(2),
  checkpoint(2),
  step(3, 8),
  step(4, 9),
  preview(4),
  { type: "stage", stage: "evaluate", step: 0, steps: 2 },
  trial("distilled", 0, 0.7),
  trial("random", 0, 0.5),
  { type: "done", stage: "evaluate", step: 2 },
]);
