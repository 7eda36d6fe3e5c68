// The image sets of an experiment: what it distils, what its steps are judged on, and what its evaluation tests on.

import { holdOut } from "../data/held-out.ts";
import type { ImageSet } from "../data/image-set.ts";
import type { StandardNormaliser } from "../data/normaliser.ts";
import { createStoredSet, type StoredDataset } from "../data/stored-set.ts";
import { deriveKey, rootKey } from "../lib/random.ts";
import type { Recipe } from "../recipe/index.ts";

export interface ExperimentSets {
  /** Training images without those that are held out: of these are the synthetic images and all baselines made. */
  readonly train: ImageSet;
  /** Held out of the training images; missing where the recipe holds out none. */
  readonly validation?: ImageSet | undefined;
  readonly test: ImageSet;
}

/** Normalised by the training images unless told otherwise. */
export function openSets(
  dataset: StoredDataset,
  recipe: Pick<Recipe, "evaluation">,
  normaliser?: StandardNormaliser,
): ExperimentSets {
  const [all, test] = [createStoredSet(dataset, "train", normaliser), createStoredSet(dataset, "test", normaliser)];
  return { ...splitTraining(all, recipe), test };
}

/** The same images are held out whatever the recipe's seed: runs are judged alike, and share what they prepare. */
export function splitTraining(
  all: ImageSet,
  { evaluation: { validation } }: Pick<Recipe, "evaluation">,
): Omit<ExperimentSets, "test"> {
  if (validation === 0) return { train: all };
  const { kept, heldOut } = holdOut(all, validation, deriveKey(rootKey(0), "validation"));
  return { train: kept, validation: heldOut };
}
