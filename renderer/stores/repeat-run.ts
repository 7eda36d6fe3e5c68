// A run once more: the same recipe, seed and place to compute, from the beginning.
import type { NewRun, RunRecord } from "../../shared/api/runs.ts";

export function repeatRun(record: RunRecord, { name, version }: { name: string; version: string }): NewRun {
  const { recipe, seed, dataset, backend, adapter, evaluate } = record;
  return {
    name,
    recipe,
    seed,
    dataset,
    app: { version },
    backend,
    adapter,
    ...(evaluate !== undefined && { evaluate }),
  };
}
