// From an opened source to classes of pictures that can be read, with every reason to stop here told at once.

import type { ResolvedImportOptions } from "../../../shared/api/datasets.ts";
import type { Problem } from "../../../shared/data/manifest.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import type { Source } from "./readers/reader.ts";
import { type ScannedImage, scanImages } from "./scan.ts";
import { type ClassImages, divideClasses } from "./split.ts";

export interface FoundClasses {
  images: readonly ScannedImage[];
  classes: ClassImages[];
  /** Whether the source itself says what is for training and what for testing. */
  hasSplits: boolean;
  skipped: Problem[];
  warnings: Problem[];
}

/** Reads the headers of all pictures. Errors: no-images, one-class, each with what was left out as `problems`. */
export async function findClasses(
  source: Source,
  path: string,
  { seed, testFraction }: Pick<ResolvedImportOptions, "seed" | "testFraction">,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<FoundClasses> {
  requireImages(source.images.length, path, source.skipped);
  const scan = await scanImages(source, signal, onProgress);
  const skipped = [...source.skipped, ...scan.skipped];
  requireImages(scan.images.length, path, skipped);
  const classes = divideClasses(scan.images, seed, testFraction);
  requireClasses(classes, path, skipped);
  const hasSplits = scan.images.some(({ image }) => image.split !== null);
  return { images: scan.images, classes, hasSplits, skipped, warnings: [...source.warnings, ...scan.warnings] };
}

const layoutHint = "Give a folder (or a zip of one) with one sub-folder of pictures for each class.";
/** More than anyone reads; a folder of another kind may hold a million files. */
const MOST_TOLD = 1000;

function requireImages(count: number, path: string, skipped: readonly Problem[]): void {
  if (count > 0) return;
  const message = `${path} holds no pictures that can be used.${listSome(skipped)}`;
  throw new UserError("no-images", message, layoutHint, { problems: toProblems(skipped) });
}

export function requireClasses(
  classes: readonly { readonly name: string }[],
  path: string,
  skipped: readonly Problem[],
): void {
  if (classes.length >= 2) return;
  const what = classes.length === 1 ? `only one class ("${classes[0].name}")` : "no class with training pictures";
  const message = `${path} holds ${what}; at least two are needed.${listSome(skipped)}`;
  throw new UserError("one-class", message, layoutHint, { problems: toProblems(skipped) });
}

export function describeSmallClasses(
  classes: readonly { readonly name: string; readonly train: number; readonly test: number }[],
): Problem[] {
  const found: Problem[] = [];
  for (const { name, train, test } of classes) {
    if (train === 1) found.push({ path: name, reason: "a class with one training picture" });
    if (test === 0) found.push({ path: name, reason: "a class without test pictures" });
  }
  return found;
}

const toProblems = (skipped: readonly Problem[]) =>
  skipped.slice(0, MOST_TOLD).map(({ path, reason }) => ({ path, message: reason }));

function listSome(problems: readonly Problem[]): string {
  if (problems.length === 0) return "";
  const shown = problems.slice(0, 5).map(({ path, reason }) => `${path}: ${reason}`);
  const rest = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : "";
  return ` Left out: ${shown.join("; ")}${rest}.`;
}
