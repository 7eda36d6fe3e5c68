// How much of a set 8-bit pictures cannot show, in a sentence.

import type { PixelSet } from "../../../shared/data/distilled-set.ts";

export function describeClipping({ clipped, pixels }: PixelSet): string {
  const total = pixels.length.toLocaleString("en-GB");
  if (clipped === 0) return `None of the ${total} values lies outside [0, 1]: nothing was clipped.`;
  const share = ((100 * clipped) / pixels.length).toPrecision(2);
  return `${clipped.toLocaleString("en-GB")} of ${total} values (${share} %) lie outside [0, 1] and were clipped.`;
}
