// Expert trajectories: networks trained on the real set, with their parameters kept after each epoch. What a method asks for, and what
// it gets; they are trained once, before the synthesis, and shared by all runs that ask for the same.
import { z } from "zod";
import type { HostArray, HostTree } from "../engine/index.ts";

/** How experts are trained, as a method's options hold it; `epochs` follow from what the method reads. */
export const expertOptions = z.strictObject({
  count: z.int().min(1).max(1000).default(100).describe("Networks to train on the real set"),
  learningRate: z.number().positive().default(0.01).describe("Step size of the experts"),
  batch: z.int().min(1).max(8192).default(256).describe("Real images of one expert step"),
  augmented: z.boolean().default(true).describe("Whether experts see augmented images, drawn anew for each"),
  seed: z.int().min(0).default(0).describe("Root of the experts' draws; runs with equal settings share them"),
});

export interface ExpertTraining extends z.output<typeof expertOptions> {
  /** Epochs of training; `epochs` + 1 snapshots are kept, the untrained network the first. */
  readonly epochs: number;
}

/** The plane in which an expert's path spreads most: the first two principal components of its snapshots. */
export interface TrajectoryPlane {
  /** Unit vectors, [2, parameters]; the second is zero where the path has but one direction. */
  readonly axes: HostArray;
  /** What axes give for the mean snapshot, [2]: the coordinates of theta are axes theta - origin. */
  readonly origin: HostArray;
  /** The expert's own coordinates after each epoch, from 0: x, y, x, y and so on. */
  readonly path: readonly number[];
}

export interface Experts {
  readonly count: number;
  readonly epochs: number;
  /** The parameters of an expert (from 0) after so many epochs. Throws UserError "artifact-damaged". */
  snapshot(expert: number, epoch: number): Promise<HostTree>;
  plane(expert: number): Promise<TrajectoryPlane>;
}
