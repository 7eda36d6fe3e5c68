// The rows of the table of runs: what is shown, how it sorts, what a filter keeps.
import type { RunRecord } from "../../shared/api/runs.ts";
import { rankMatches } from "./rank-matches.ts";
import type { RunStatus } from "./run-state.ts";
import type { Score } from "./scores.ts";
import { readPath } from "./tree.ts";

export interface RunRow {
  readonly id: string;
  readonly name: string;
  readonly state: RunStatus;
  readonly dataset: string;
  readonly method: string;
  readonly ipc: number;
  readonly distilled: Score | undefined;
  readonly randomScore: Score | undefined;
  readonly created: string;
  /** Seconds in all stages. */
  readonly took: number;
}

export const columns = [
  { key: "state", isNumber: false },
  { key: "name", isNumber: false },
  { key: "dataset", isNumber: false },
  { key: "method", isNumber: false },
  { key: "ipc", isNumber: true },
  { key: "accuracy", isNumber: true },
  { key: "random", isNumber: true },
  { key: "created", isNumber: true },
  { key: "took", isNumber: true },
] as const;
export type SortKey = (typeof columns)[number]["key"];

/** `running` is left in the record of a killed process, too: only what computes now runs. */
export function toRows(
  runs: readonly { readonly record: RunRecord }[],
  scores: ReadonlyMap<string, readonly Score[]>,
  runningId: string | undefined,
): RunRow[] {
  return runs.map(({ record }) => {
    const own = scores.get(record.id) ?? [];
    const state = record.id === runningId ? "running" : record.status === "running" ? "stopped" : record.status;
    return {
      id: record.id,
      name: record.name,
      state,
      dataset: record.dataset.name,
      method: String(readPath(record.recipe, "method.id") ?? ""),
      ipc: Number(readPath(record.recipe, "ipc") ?? 0),
      distilled: own.find(({ set }) => set === "distilled"),
      randomScore: own.find(({ set }) => set === "random"),
      created: record.createdAt,
      took: Object.values(record.timings).reduce((sum: number, each) => sum + (each ?? 0), 0),
    };
  });
}

function sortValue(row: RunRow, key: SortKey): string | number | undefined {
  if (key === "accuracy") return row.distilled?.mean;
  if (key === "random") return row.randomScore?.mean;
  return row[key];
}

/** Rows without a value come last, whichever way. */
export function sortRows(rows: readonly RunRow[], key: SortKey, isDown: boolean): RunRow[] {
  return [...rows].sort((a, b) => {
    const [x, y] = [sortValue(a, key), sortValue(b, key)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
    return isDown ? -order : order;
  });
}

export function filterRows(rows: readonly RunRow[], query: string): RunRow[] {
  const kept = new Set(rankMatches(rows, query, ({ name, dataset, method }) => `${name} ${dataset} ${method}`));
  return rows.filter((row) => kept.has(row));
}
