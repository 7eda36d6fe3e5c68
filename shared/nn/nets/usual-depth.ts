// The depth that ConvNet has in the papers.

/** The last map is 4x4, or as near as the sides allow. */
export function usualDepth(side: number): number {
  return Math.max(1, Math.min(8, Math.round(Math.log2(side)) - 2));
}
