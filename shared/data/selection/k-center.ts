// k-center greedy (Sener & Savarese, ICLR 2018): each pick is the one farthest from all picks before it.
import { type Features, lowestRow, meanOf, rowOf, squaredDistanceTo } from "./features.ts";
import type { Selection } from "./selection.ts";

/** Begins with the row nearest to the mean; then always the row whose nearest chosen one is farthest away. */
export function coverByCenters(features: Features, count: number): number[] {
  const nearest = new Float64Array(features.count).fill(Number.POSITIVE_INFINITY);
  const chosen = new Set<number>();
  const take = (next: number) => {
    chosen.add(next);
    const center = rowOf(features, next);
    for (let row = 0; row < features.count; row++) {
      nearest[row] = Math.min(nearest[row], squaredDistanceTo(features, row, center));
    }
  };
  const mean = meanOf(features);
  if (count > 0 && features.count > 0) {
    take(lowestRow(features, chosen, (row) => squaredDistanceTo(features, row, mean)));
  }
  while (chosen.size < Math.min(count, features.count)) take(lowestRow(features, chosen, (row) => -nearest[row]));
  return [...chosen];
}

export const kCenter = { id: "k-center", choose: coverByCenters } as const satisfies Selection;
