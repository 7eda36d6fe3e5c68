// Every way to choose real images by their features, in one list: for images to begin with, and as baselines.
import { herding } from "./herding.ts";
import { kCenter } from "./k-center.ts";
import { kMeans } from "./k-means.ts";
import type { Selection } from "./selection.ts";

const selections = [herding, kCenter, kMeans] as const;

export type SelectionId = (typeof selections)[number]["id"];
export const selectionIds = selections.map(({ id }) => id) as [SelectionId, ...SelectionId[]];

export function selectionOf(id: SelectionId): Selection {
  return selections.find((selection) => selection.id === id) as Selection;
}

/** Indices of real images by class, in the order of choosing. */
export type ChosenImages = readonly (readonly number[])[];

export { type Features, meanOf, toUnitRows } from "./features.ts";
