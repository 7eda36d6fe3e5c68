// Pieces of the Python programs in a set's README.

import type { ExportSource } from "./format.ts";

/** JSON's texts, lists and numbers are Python's too. */
export const toPython = (value: string | number | readonly (string | number)[]): string => JSON.stringify(value);

/** A list of float32 values, each in as few digits as give it back exactly. */
export function toPythonFloats(values: readonly number[]): string {
  const texts = values.map((value) => {
    let digits = 1;
    while (digits < 9 && Math.fround(Number(value.toPrecision(digits))) !== Math.fround(value)) digits++;
    return String(Number(value.toPrecision(digits)));
  });
  return `[${texts.join(", ")}]`;
}

/** The lines that define what a format's own files do not hold. */
export function defineNormaliser({ set }: ExportSource): string {
  return [
    `class_names = ${toPython(set.classNames)}`,
    `mean = torch.tensor(${toPythonFloats(set.normaliser.mean)})`,
    `std = torch.tensor(${toPythonFloats(set.normaliser.std)})`,
  ].join("\n");
}
