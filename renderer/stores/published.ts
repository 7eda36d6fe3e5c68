// The published figure that a choice of dataset and ipc is to be measured against.
import type { RecipeList } from "../../shared/api/recipes.ts";

export type Seed = RecipeList["seeds"][number];
export type Case = Seed["cases"][number];

const letters = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** The seed's case for this dataset, told by its name, and this ipc. */
export function findPublished(seed: Seed, dataset: string, ipc: number): Case | undefined {
  const name = letters(dataset);
  return seed.cases.find((each) => each.ipc === ipc && name.startsWith(letters(each.dataset)));
}
