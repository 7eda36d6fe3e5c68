// The runs that are computed now, whoever computes them.
import { type ComputeState, listRunning } from "../../shared/api/compute.ts";
import type { ListedRun } from "./run-rows.ts";

export interface Ring {
  readonly id: string;
  readonly name: string;
  /** Missing for a run of another process, such as the command line, which tells no progress. */
  readonly running?: ComputeState["running"];
}

export function listRings(computing: ComputeState | undefined, runs: readonly ListedRun[]): Ring[] {
  const running = computing ? listRunning(computing) : [];
  const nameOf = (id: string) => runs.find(({ record }) => record.id === id)?.record.name ?? id;
  const known = running.map((each) => ({ id: each.runId, name: nameOf(each.runId), running: each }));
  const others = runs.filter(({ record, isActive }) => isActive && !running.some(({ runId }) => runId === record.id));
  return [...known, ...others.map(({ record: { id, name } }) => ({ id, name }))];
}
