// Whether a distilled set fits a dataset, and its images as another normaliser has them.
import { UserError } from "../lib/user-error.ts";
import type { DistilledSet, SetNormaliser } from "./distilled-set.ts";

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

/** A set is only meaningful with images like those that it was made of. Throws UserError "other-dataset" naming all that differs. */
export function requireSetFits(set: DistilledSet, form: SetForm): void {
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
  const isSame = (a: readonly number[], b: readonly number[]) =>
    a.every((value, c) => Math.fround(value) === Math.fround(b[c]));
  if (isSame(own.mean, wanted.mean) && isSame(own.std, wanted.std)) return images;
  const [, channels, height, width] = shape;
  const area = height * width;
  return images.map((value, at) => {
    const channel = Math.floor(at / area) % channels;
    return (value * own.std[channel] + own.mean[channel] - wanted.mean[channel]) / wanted.std[channel];
  });
}
