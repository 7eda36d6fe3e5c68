// The published figure that a choice of dataset and ipc is to be measured against.
import { protocolIds, protocolOf } from "../evaluation/protocols.ts";
import { isSame, type Json, listLeaves, readPath } from "../lib/json-tree.ts";
import { methods } from "../methods/index.ts";
import type { Seed } from "./seed.ts";

export type Case = Seed["cases"][number];

const letters = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Whether two names of datasets differ in spelling only. */
export const isSameName = (a: string, b: string): boolean => letters(a) === letters(b);

/** Whether a case is about this dataset, told by its name: "CIFAR-10 (train)" is CIFAR-10 and not CIFAR-100. */
export function isOfDataset(each: Pick<Case, "dataset">, dataset: string): boolean {
  const [wanted, name] = [letters(each.dataset), letters(dataset)];
  return name.startsWith(wanted) && !/^\d/.test(name.slice(wanted.length));
}

/** The seed's case for this dataset and ipc. */
export function findPublished(seed: Pick<Seed, "cases">, dataset: string, ipc: number): Case | undefined {
  return seed.cases.find((each) => each.ipc === ipc && isOfDataset(each, dataset));
}

/** The same, else the case of this dataset with the nearest ipc, by ratio. */
export function findNearestPublished(seed: Pick<Seed, "cases">, dataset: string, ipc: number): Case | undefined {
  const far = (each: Case) => Math.abs(Math.log(each.ipc / Math.max(1, ipc)));
  return seed.cases.filter((each) => isOfDataset(each, dataset)).sort((a, b) => far(a) - far(b))[0];
}

/** What of the official evaluation the recipe's protocol does not do, in sentences. */
export function listLeftOut(recipe: Json): readonly string[] {
  const id = protocolIds.find((each) => each === readPath(recipe, "evaluation.protocol"));
  return id === undefined ? [] : protocolOf(id).leftOut;
}

export interface ProtocolDifference {
  readonly path: string;
  readonly ours: Json;
  readonly paper: Json;
}

/**
 * The settings of a recipe that are not the published case's. What the seed leaves open is what its method derives from the
 * images per class, and else counts as the same.
 */
export function listProtocolDifferences(
  recipe: Json,
  seed: Pick<Seed, "method" | "defaults">,
  found: Case,
): ProtocolDifference[] {
  const theirs = new Map<string, Json>();
  const usual = methods.find(({ id }) => id === seed.method)?.usual?.(found) ?? {};
  for (const layer of [
    { method: usual },
    seed.defaults,
    found.set,
    { ipc: found.ipc, evaluation: { nets: [found.net] } },
  ]) {
    for (const { path, value } of listLeaves(layer)) theirs.set(path, value);
  }
  return [...theirs]
    .map(([path, paper]) => ({ path, ours: readPath(recipe, path), paper }))
    .filter(({ ours, paper }) => ours !== undefined && !isSame(ours, paper));
}
