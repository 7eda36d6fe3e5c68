// The rows of the table of runs: what is shown, how it sorts, what a filter keeps.
import { type ComputeState, listRunning } from "../../shared/api/compute.ts";
import type { RunList } from "../../shared/api/runs.ts";
import type { RunStatus } from "./run-state.ts";
import type { Score } from "./scores.ts";
import { readPath } from "./tree.ts";

export type ListedRun = RunList["runs"][number];
/** `waiting` is in the queue of the host, which no record tells. */
export type RowState = RunStatus | "waiting";

export interface RunRow {
  readonly id: string;
  readonly name: string;
  readonly state: RowState;
  readonly dataset: string;
  readonly method: string;
  readonly ipc: number;
  readonly seed: number;
  /** Steps of the distillation that are done, and that it has where the recipe tells. */
  readonly step: number;
  readonly steps: number | undefined;
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
  { key: "step", isNumber: true },
  { key: "accuracy", isNumber: true },
  { key: "random", isNumber: true },
  { key: "loss", isNumber: false },
  { key: "took", isNumber: true },
  { key: "created", isNumber: true },
] as const;
export type ColumnKey = (typeof columns)[number]["key"];
/** A curve has no order. */
export type SortKey = Exclude<ColumnKey, "loss">;

/** Who computes now, the host's child or pages, and who waits. */
export type Computing = Pick<ComputeState, "running" | "alsoRunning" | "queue">;
const nobody: Computing = { running: null, alsoRunning: [], queue: [] };

/** `reached`: the last step that a run's events tell of, where they were read; its record knows only the last checkpoint. */
export function toRows(
  runs: readonly ListedRun[],
  scores: ReadonlyMap<string, readonly Score[]>,
  computing: Computing = nobody,
  reached: (id: string) => number | undefined = () => undefined,
): RunRow[] {
  const computed = listRunning(computing);
  return runs.map(({ record, isActive }) => {
    const own = scores.get(record.id) ?? [];
    const running = computed.find(({ runId }) => runId === record.id);
    const steps = Number(readPath(record.recipe, "method.steps")) || undefined;
    const isPast = record.stage === "label" || record.stage === "evaluate" || record.stage === "export";
    const known = record.stage === "synthesise" ? record.step : isPast || record.status === "done" ? (steps ?? 0) : 0;
    const step = Math.max(known, reached(record.id) ?? 0);
    return {
      id: record.id,
      name: record.name,
      state: stateOf(record.status, running !== undefined || isActive, computing.queue.includes(record.id)),
      dataset: record.dataset.name,
      method: String(readPath(record.recipe, "method.id") ?? ""),
      ipc: Number(readPath(record.recipe, "ipc") ?? 0),
      seed: record.seed,
      step: running?.stage === "synthesise" ? Math.max(step, running.done) : step,
      steps,
      distilled: own.find(({ set }) => set === "distilled"),
      randomScore: own.find(({ set }) => set === "random"),
      created: record.createdAt,
      took: Object.values(record.timings).reduce((sum: number, each) => sum + (each ?? 0), 0),
    };
  });
}

/** `running` is left in the record of a killed process, too: only what somebody computes now runs. */
function stateOf(status: RunStatus, isActive: boolean, isWaiting: boolean): RowState {
  if (isActive) return "running";
  if (isWaiting) return "waiting";
  return status === "running" ? "stopped" : status;
}

/** Runs that somebody computes or is about to compute can be neither deleted nor renamed. */
export const isBusy = ({ state }: RunRow): boolean => state === "running" || state === "waiting";

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
    const order =
      typeof x === "number" && typeof y === "number"
        ? x - y
        : String(x).localeCompare(String(y), "en", { numeric: true });
    return isDown ? -order : order;
  });
}

const LEAST_OF_ID = 5;

export interface RunFilter {
  readonly query: string;
  readonly dataset: string | undefined;
  readonly method: string | undefined;
  readonly state: RowState | undefined;
}

export function filterRows(rows: readonly RunRow[], { query, dataset, method, state }: RunFilter): RunRow[] {
  const named = rows.filter(
    (row) =>
      (dataset === undefined || row.dataset === dataset) &&
      (method === undefined || row.method === method) &&
      (state === undefined || shownState(row.state) === shownState(state)),
  );
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return named.filter(({ id, name, dataset }) => {
    const label = `${name} ${dataset}`.toLowerCase();
    // An id ends in letters and digits by chance, which short words would find.
    return words.every((word) => label.includes(word) || (word.length >= LEAST_OF_ID && id.includes(word)));
  });
}

/** Stopped and paused are one to whoever looks at a list. */
const shownState = (state: RowState): RowState => (state === "stopped" ? "paused" : state);

/** What there is to filter by, in order. */
export function listChoices(rows: readonly RunRow[]) {
  const distinct = <T extends string>(values: readonly T[]) => [...new Set(values)].sort();
  return {
    dataset: distinct(rows.map(({ dataset }) => dataset)),
    method: distinct(rows.map(({ method }) => method)),
    state: distinct(rows.map(({ state }) => shownState(state))),
  };
}
