// Runs as the host lists them, for the tests of what the window makes of them.
import type { ListedRun } from "../../renderer/stores/run-rows.ts";
import type { RunRecord } from "../../shared/api/runs.ts";

export function listedRun(id: string, changes: Partial<RunRecord> = {}, isActive = false): ListedRun {
  return {
    path: `/store/runs/${id}`,
    isActive,
    record: {
      version: 1,
      id,
      name: `${id} run`,
      createdAt: `2026-01-0${id.length}T00:00:00.000Z`,
      recipe: { ipc: id.length, method: { id: "dm", steps: 20 } },
      seed: 0,
      dataset: { id: "d", name: "digits", fingerprint: "f" },
      app: { version: "1" },
      backend: "onnx",
      adapter: "cpu",
      status: "done",
      stage: "synthesise",
      step: 20,
      timings: { synthesise: 3, evaluate: 4 },
      sessions: [],
      ...changes,
    },
  };
}
