// What a trajectory method tells of its steps, as it is drawn: the student's way beside its expert's, in the plane in which the
// expert's snapshots spread most, and how far each is from the target.
import { type Details, type RunState, seriesKey } from "./run-state.ts";

export interface PlanePoint {
  readonly x: number;
  readonly y: number;
}

export interface StudentWay {
  readonly step: number;
  readonly points: readonly PlanePoint[];
}

export interface Trajectory {
  readonly step: number;
  /** Numbered from 0. */
  readonly expert: number;
  readonly startEpoch: number;
  /** The expert's snapshots, from the untrained network on. */
  readonly expertWay: readonly PlanePoint[];
  /** Which of the expert's snapshots the student is to reach. */
  readonly targetEpoch: number;
  readonly student: StudentWay;
  /** Ways of earlier steps with the same expert, the newest last; planes of other experts are others. */
  readonly past: readonly StudentWay[];
  /** |theta - target| / |start - target| after each inner step. */
  readonly distances: readonly number[];
  /** The same of the expert after each of its epochs from the start to the target. */
  readonly expertDistances: readonly number[];
}

/** More would hide each other. */
const MOST_PAST = 8;

/** Of the newest step up to `step` that was told; undefined for methods without trajectories. */
export function trajectoryAt({ details }: Pick<RunState, "details">, step: number): Trajectory | undefined {
  const list = (name: string): Details | undefined => details[seriesKey("synthesise", name)];
  const [path, expertPath, distance, expertDistance, where] = [
    list("path"),
    list("expertPath"),
    list("distance"),
    list("expertDistance"),
    list("where"),
  ];
  if (!path || !expertPath || !distance || !expertDistance || !where) return undefined;
  const at = Math.max(
    0,
    path.steps.findLastIndex((each) => each <= step),
  );
  const [expert, startEpoch, targetEpoch] = where.vectors[at];
  const wayOf = (index: number) => ({ step: path.steps[index], points: toPoints(path.vectors[index]) });
  const past = where.vectors
    .slice(0, at)
    .flatMap((each, index) => (each[0] === expert ? [wayOf(index)] : []))
    .slice(-MOST_PAST);
  return {
    step: path.steps[at],
    expert,
    startEpoch,
    targetEpoch,
    expertWay: toPoints(expertPath.vectors[at]),
    student: wayOf(at),
    past,
    distances: distance.vectors[at],
    expertDistances: expertDistance.vectors[at],
  };
}

/** x and y in turn. */
function toPoints(flat: readonly number[]): PlanePoint[] {
  return Array.from({ length: Math.floor(flat.length / 2) }, (_, i) => ({ x: flat[2 * i], y: flat[2 * i + 1] }));
}
