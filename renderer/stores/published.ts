// The published figure that a choice of dataset and ipc is to be measured against.
import type { RecipeList } from "../../shared/api/recipes.ts";
import { isSame, type Json, listLeaves, readPath } from "./tree.ts";

export type Seed = RecipeList["seeds"][number];
export type Case = Seed["cases"][number];

const letters = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Whether two names of datasets differ in spelling only. */
export const isSameName = (a: string, b: string): boolean => letters(a) === letters(b);

/** The seed's case for this dataset, told by its name, and this ipc. */
export function findPublished(seed: Seed, dataset: string, ipc: number): Case | undefined {
  const name = letters(dataset);
  return seed.cases.find((each) => each.ipc === ipc && name.startsWith(letters(each.dataset)));
}

export interface ProtocolDifference {
  readonly path: string;
  readonly ours: Json;
  readonly paper: Json;
}

/** The settings of a recipe that are not the published case's; what the seed leaves open counts as the same. */
export function listProtocolDifferences(recipe: Json, seed: Seed, found: Case): ProtocolDifference[] {
  const theirs = new Map<string, Json>();
  for (const layer of [seed.defaults, found.set, { ipc: found.ipc, evaluation: { nets: [found.net] } }]) {
    for (const { path, value } of listLeaves(layer)) theirs.set(path, value);
  }
  return [...theirs]
    .map(([path, paper]) => ({ path, ours: readPath(recipe, path), paper }))
    .filter(({ ours, paper }) => ours !== undefined && !isSame(ours, paper));
}
