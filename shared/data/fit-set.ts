// Whether a distilled set fits a dataset, and its images as another normaliser has them.
import { UserError } from "../lib/user-error.ts";
import type { DistilledSet } from "./distilled-set.ts";
import { denormalise, normalise, type SetNormaliser } from "./normaliser.ts";

export interface SetForm {
  /** Of the dataset, for messages. */
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[];
  /** Images per class, where they must be as many. */
  readonly ipc?: number;
}

/** All that keeps a set from being used with images of another form than those that it was made of. */
export function listMisfits(set: Pick<DistilledSet, "shape" | "classNames" | "ipc">, form: SetForm): string[] {
  const [, channels, height, width] = set.shape;
  const problems: string[] = [];
  if (channels !== form.channels || height !== form.height || width !== form.width) {
    problems.push(
      `the set has images of ${channels} x ${height} x ${width}, the dataset of ${form.channels} x ${form.height} x ${form.width}`,
    );
  }
  if (form.classNames.join("\n") !== set.classNames.join("\n")) {
    problems.push(`the set's classes are ${set.classNames.join(", ")}, the dataset's ${form.classNames.join(", ")}`);
  }
  if (form.ipc !== undefined && form.ipc !== set.ipc) {
    problems.push(`the set has ${set.ipc} images of each class, the recipe ${form.ipc}: use ipc ${set.ipc}`);
  }
  return problems;
}

/** Throws UserError "other-dataset" naming all that differs. */
export function requireSetFits(set: DistilledSet, form: SetForm): void {
  const problems = listMisfits(set, form);
  if (problems.length > 0) {
    throw new UserError(
      "other-dataset",
      `The set does not fit ${form.name}: ${problems.join("; ")}.`,
      "Give the dataset that it was made of with --data.",
    );
  }
}

/** The images of a set normalised otherwise; the very same numbers where it is normalised so already. */
export function imagesUnder({ images, shape, normaliser: own }: DistilledSet, wanted: SetNormaliser): Float32Array {
  return isSame(own, wanted) ? images : normalise(denormalise(images, shape, own), shape, wanted);
}

/** As far as float32 tells, in which a set keeps its numbers. */
function isSame(a: SetNormaliser, b: SetNormaliser): boolean {
  const equal = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    x.length === y.length && Array.from(x).every((value, at) => Math.fround(value) === Math.fround(y[at]));
  if (a.kind === "zca" && b.kind === "zca") return equal(a.mean, b.mean) && equal(a.transform, b.transform);
  return a.kind === "standard" && b.kind === "standard" && equal(a.mean, b.mean) && equal(a.std, b.std);
}
