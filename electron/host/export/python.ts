// Pieces of the Python programs in a set's README.

import type { ExportSource } from "./format.ts";

/** JSON's texts, lists and numbers are Python's too. */
export const toPython = (value: string | number | readonly (string | number)[]): string => JSON.stringify(value);

/** The lines that define what a format's own files do not hold. */
export function defineNormaliser({ set }: ExportSource): string {
  return [
    `class_names = ${toPython(set.classNames)}`,
    `mean = torch.tensor(${toPython(set.normaliser.mean)})`,
    `std = torch.tensor(${toPython(set.normaliser.std)})`,
  ].join("\n");
}
