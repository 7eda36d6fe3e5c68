// A run as the window knows it: a reducer over RunEvents, the same for a run that is watched and one that is replayed.
import type { FollowLine, ProgressLine } from "../../shared/api/compute.ts";
import type { RunEvent } from "../../shared/api/runs.ts";

export type Stage = Extract<RunEvent, { type: "stage" }>["stage"];
export type RunStatus = Extract<RunEvent, { type: "status" }>["status"];
export type Evaluation = Extract<RunEvent, { type: "evaluation" }>;
export type Warning = Extract<RunEvent, { type: "warning" }>;
export type Failure = Extract<RunEvent, { type: "failed" }>;

/** What is worth a line of the log. */
export type LogEvent = Extract<RunEvent, { type: "stage" | "evaluation" | "status" | "warning" | "done" | "failed" }>;

/** One curve: parallel arrays in order of steps; `seqs` tells which event each point came from. */
export interface Series {
  readonly stage: Stage;
  readonly name: string;
  readonly seqs: readonly number[];
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** Vectors of some steps, such as the loss of each class: parallel arrays as in a series. */
export interface Details {
  readonly stage: Stage;
  readonly name: string;
  readonly seqs: readonly number[];
  readonly steps: readonly number[];
  readonly vectors: readonly (readonly number[])[];
}

export interface Mark {
  readonly seq: number;
  readonly step: number;
  readonly file: string;
}

export interface RunState {
  /** The number that the next event should carry. */
  readonly nextSeq: number;
  readonly status: RunStatus | undefined;
  readonly stage: Stage | undefined;
  /** Steps of the current stage that are done, and how many it has. */
  readonly step: number;
  readonly steps: Readonly<Partial<Record<Stage, number>>>;
  readonly series: Readonly<Record<string, Series>>;
  readonly details: Readonly<Record<string, Details>>;
  readonly previews: readonly Mark[];
  readonly checkpoints: readonly Mark[];
  /** On the test set, in the end. */
  readonly evaluations: readonly Evaluation[];
  /** Of steps on the way, on held-out training images. */
  readonly judged: readonly Evaluation[];
  readonly warnings: readonly Warning[];
  readonly log: readonly LogEvent[];
  readonly failure: Failure | undefined;
  /** How far the stage is, as the computing process says it now; never stored. */
  readonly progress: ProgressLine | undefined;
  readonly lastTime: number | undefined;
}

export const emptyRun: RunState = {
  nextSeq: 0,
  status: undefined,
  stage: undefined,
  step: 0,
  steps: {},
  series: {},
  details: {},
  previews: [],
  checkpoints: [],
  evaluations: [],
  judged: [],
  warnings: [],
  log: [],
  failure: undefined,
  progress: undefined,
  lastTime: undefined,
};

const unlogged: readonly RunEvent["type"][] = ["step", "detail", "preview", "checkpoint"];
const isLogged = (event: RunEvent): event is LogEvent => !unlogged.includes(event.type);

export const seriesKey = (stage: Stage, name: string): string => `${stage}/${name}`;

type Draft = { -readonly [K in keyof RunState]: RunState[K] };
interface SeriesDraft {
  stage: Stage;
  name: string;
  seqs: number[];
  steps: number[];
  values: number[];
}

/**
 * The state after some events. Arrays are copied once per call, not once per event, so give many at a time. An event
 * with a number seen before means that the run was cut back to a checkpoint: what came after it is forgotten.
 */
export function applyEvents(state: RunState, events: readonly RunEvent[]): RunState {
  if (events.length === 0) return state;
  let draft: Draft = { ...state };
  let open = new Map<string, SeriesDraft>();
  const lists = () => {
    draft.previews = [...draft.previews];
    draft.checkpoints = [...draft.checkpoints];
    draft.evaluations = [...draft.evaluations];
    draft.judged = [...draft.judged];
    draft.warnings = [...draft.warnings];
    draft.log = [...draft.log];
  };
  const close = () => {
    if (open.size > 0) draft.series = { ...draft.series, ...Object.fromEntries(open) };
    open = new Map();
  };
  lists();
  for (const event of events) {
    if (event.seq < draft.nextSeq) {
      close();
      draft = cutBack(draft, event.seq);
      lists();
    }
    draft.nextSeq = event.seq + 1;
    draft.lastTime = event.time;
    applyEvent(draft, event, open);
  }
  close();
  return draft;
}

function applyEvent(draft: Draft, event: RunEvent, open: Map<string, SeriesDraft>): void {
  if (isLogged(event)) {
    (draft.log as LogEvent[]).push(event);
  }
  switch (event.type) {
    case "stage":
      draft.stage = event.stage;
      draft.step = event.step;
      if (event.steps !== undefined) draft.steps = { ...draft.steps, [event.stage]: event.steps };
      draft.status = "running";
      draft.failure = undefined;
      return;
    case "step":
      draft.stage = event.stage;
      draft.step = event.step;
      for (const [name, value] of Object.entries(event.metrics)) {
        const series = openSeries(draft, open, event.stage, name);
        series.seqs.push(event.seq);
        series.steps.push(event.step);
        series.values.push(value);
      }
      return;
    case "detail":
      for (const [name, vector] of Object.entries(event.vectors)) {
        const key = seriesKey(event.stage, name);
        const before = draft.details[key] ?? { stage: event.stage, name, seqs: [], steps: [], vectors: [] };
        const { seqs, steps, vectors } = before;
        const more = {
          seqs: [...seqs, event.seq],
          steps: [...steps, event.step],
          vectors: [...vectors, vector],
        };
        draft.details = { ...draft.details, [key]: { ...before, ...more } };
      }
      return;
    case "preview":
      (draft.previews as Mark[]).push({ seq: event.seq, step: event.step, file: event.file });
      return;
    case "checkpoint":
      // A checkpoint of another stage marks no step of the history.
      if (event.stage === "synthesise") {
        (draft.checkpoints as Mark[]).push({ seq: event.seq, step: event.step, file: event.file });
      }
      return;
    case "evaluation":
      draft.step = event.step;
      ((event.stage === "synthesise" ? draft.judged : draft.evaluations) as Evaluation[]).push(event);
      return;
    case "status":
      draft.status = event.status;
      if (event.status !== "running") draft.progress = undefined;
      return;
    case "warning":
      (draft.warnings as Warning[]).push(event);
      return;
    case "done":
      draft.status = "done";
      draft.progress = undefined;
      return;
    case "failed":
      draft.status = "failed";
      draft.failure = event;
      draft.progress = undefined;
      return;
    default:
      event satisfies never;
  }
}

function openSeries(draft: Draft, open: Map<string, SeriesDraft>, stage: Stage, name: string): SeriesDraft {
  const key = seriesKey(stage, name);
  const there = open.get(key);
  if (there) return there;
  const { seqs, steps, values } = draft.series[key] ?? { seqs: [], steps: [], values: [] };
  const series = { stage, name, seqs: [...seqs], steps: [...steps], values: [...values] };
  open.set(key, series);
  return series;
}

function cutBack(state: RunState, seq: number): RunState {
  const before = <T extends { readonly seq: number }>(list: readonly T[]) => list.filter((each) => each.seq < seq);
  /** Curves without their points from `seq` on; those that have none left are gone. */
  const cut = <T extends { readonly seqs: readonly number[] }>(curves: Readonly<Record<string, T>>) => {
    const shortened = Object.entries(curves).map(([key, curve]) => {
      const kept = countBelow(curve.seqs, seq);
      const lists = Object.entries(curve).map(([name, list]) => [
        name,
        Array.isArray(list) ? list.slice(0, kept) : list,
      ]);
      return [key, Object.fromEntries(lists) as T] as const;
    });
    return Object.fromEntries(shortened.filter(([, { seqs }]) => seqs.length > 0));
  };
  return {
    ...state,
    series: cut(state.series),
    details: cut(state.details),
    previews: before(state.previews),
    checkpoints: before(state.checkpoints),
    evaluations: before(state.evaluations),
    judged: before(state.judged),
    warnings: before(state.warnings),
    log: before(state.log),
    failure: undefined,
  };
}

/** How many of an ascending list lie below a bound. */
export function countBelow(sorted: readonly number[], bound: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The lines of a run that is followed: events, and between them what is told but not stored. */
export function applyLines(state: RunState, lines: readonly FollowLine[]): RunState {
  let next = state;
  let events: RunEvent[] = [];
  const flush = () => {
    next = applyEvents(next, events);
    events = [];
  };
  for (const line of lines) {
    switch (line.type) {
      case "progress":
        flush();
        next = { ...next, progress: line, stage: line.stage, status: "running" };
        break;
      case "cut":
        flush();
        next = { ...cutBack(next, line.events), nextSeq: line.events };
        break;
      case "notice":
        break;
      case "ended":
        flush();
        next = { ...next, status: line.status, progress: undefined };
        break;
      default:
        events.push(line);
    }
  }
  flush();
  return next;
}

/** The stage that has curves, and the names of its metrics, the loss first. */
export function listMetrics({ series }: Pick<RunState, "series">): { stage: Stage; name: string }[] {
  return Object.values(series)
    .map(({ stage, name }) => ({ stage, name }))
    .sort((a, b) => Number(b.name === "loss") - Number(a.name === "loss"));
}

/** The step of the distillation that is done, whichever stage runs now. */
export function lastStep(state: RunState): number {
  const ends = Object.values(state.series)
    .filter(({ stage }) => stage === "synthesise")
    .map(({ steps }) => steps.at(-1) ?? 0);
  return Math.max(0, state.previews.at(-1)?.step ?? 0, ...ends);
}
