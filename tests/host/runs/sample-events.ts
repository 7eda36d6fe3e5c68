// Step events as an experiment sends them.
import type { RunEvent } from "../../../shared/api/runs.ts";

export function stepEvents(count: number, from = 0): RunEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    type: "step",
    seq: from + i,
    time: 1_700_000_000_000 + from + i,
    stage: "synthesise",
    step: from + i + 1,
    metrics: { loss: 40 / (from + i + 1) },
  }));
}
