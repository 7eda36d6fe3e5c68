// Size and colour for a dataset when the user names none, and the sentences that say so.

import type { Colour } from "../../../shared/data/manifest.ts";
import type { ScannedImage } from "./scan.ts";

const usualSizes = [28, 32, 64, 128];
/** Equal square pictures up to this side are kept as they are. */
const MAX_KEPT_SIDE = 256;

export interface Suggestion<T> {
  value: T;
  note: string;
}

/**
 * All equal, square and small: their size; else the largest usual size that the median picture fills. Neither is more
 * than `largest`.
 */
export function suggestSize(images: readonly ScannedImage[], largest = MAX_KEPT_SIDE): Suggestion<number> {
  const { width, height } = images[0];
  if (
    width === height &&
    width <= Math.min(largest, MAX_KEPT_SIDE) &&
    images.every((each) => each.width === width && each.height === height)
  ) {
    return { value: width, note: `Size ${width}: all pictures are ${width} x ${width}.` };
  }
  const sides = Float64Array.from(images, (each) => Math.min(each.width, each.height)).sort();
  const median = sides[Math.floor(sides.length / 2)];
  const allowed = usualSizes.filter((size) => size <= largest);
  const fitting = allowed.filter((size) => size <= median);
  const value = fitting.at(-1) ?? Math.min(median, largest);
  const rule = fitting.length > 0 ? `the largest of ${allowed.join(", ")} within` : "equal to";
  return { value, note: `Size ${value}: ${rule} the median shorter side of ${median} pixels.` };
}

export function suggestColour(images: readonly ScannedImage[]): Suggestion<Colour> {
  return images.every((each) => each.isGrey)
    ? { value: "grey", note: "Grey: all pictures are." }
    : { value: "colour", note: "Colour: not all pictures are grey." };
}

/** What happens to pictures of another size or with transparency, counted. */
export function describeChanges(images: readonly ScannedImage[], size: number): string[] {
  const count = (is: (each: ScannedImage) => boolean) => images.reduce((sum, each) => sum + (is(each) ? 1 : 0), 0);
  const shorter = (each: ScannedImage) => Math.min(each.width, each.height);
  const smaller = count((each) => shorter(each) < size);
  const larger = count((each) => shorter(each) >= size && Math.max(each.width, each.height) > size);
  const transparent = count((each) => each.hasAlpha);
  const notes: string[] = [];
  if (smaller > 0)
    notes.push(`${smaller} of ${images.length} pictures are smaller than ${size} x ${size} and are scaled up.`);
  if (larger > 0)
    notes.push(`${larger} of ${images.length} pictures are larger than ${size} x ${size} and are scaled down.`);
  if (transparent > 0) notes.push(`${transparent} pictures have an alpha channel and are laid on white.`);
  return notes;
}
