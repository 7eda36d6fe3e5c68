// Pieces of the Python programs in a set's README.

import type { SetNormaliser } from "../../../shared/data/normaliser.ts";
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
  return `class_names = ${toPython(set.classNames)}\n${loadNormaliser(set.normaliser)}`;
}

/** `mean` and `std`, or of a whitened set `mean`, `transform` and `inverse`, as tensors of torch. */
export function loadNormaliser(normaliser: SetNormaliser): string {
  if (normaliser.kind === "standard") {
    const { mean, std } = normaliser;
    return `mean = torch.tensor(${toPythonFloats(mean)})\nstd = torch.tensor(${toPythonFloats(std)})`;
  }
  const names = NORMALISER_PARTS.zca;
  return `${names.join(", ")} = (torch.from_numpy(np.load(f"${NORMALISER_FOLDER}/{name}.npy")) for name in ${toPython(names)})`;
}

/** The names that a normaliser has in Python. */
export const NORMALISER_PARTS = { standard: ["mean", "std"], zca: ["mean", "transform", "inverse"] } as const;
/** Where an export keeps the matrices of a whitened set. */
export const NORMALISER_FOLDER = "zca";

/** An expression: what networks see of `name`, a tensor [n][c][h][w] of pixels from 0 to 1. */
export function normaliseInPython({ kind }: SetNormaliser, name: string): string {
  return kind === "standard"
    ? `(${name} - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)`
    : `((${name}.flatten(1) - mean) @ transform).view(${name}.shape)`;
}
