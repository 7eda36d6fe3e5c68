// Herding (Welling, ICML 2009; as in iCaRL): picks that keep the mean of what is chosen nearest to the mean of all.
import { type Features, lowestRow, meanOf, squaredDistanceTo } from "./features.ts";
import type { Selection } from "./selection.ts";

/** For k = 1, 2, ...: the row i not yet chosen with the lowest | k m - s - phi_i |, where s is the sum of those chosen. */
export function herd(features: Features, count: number): number[] {
  const mean = meanOf(features);
  const sum = new Float64Array(features.size);
  const chosen = new Set<number>();
  while (chosen.size < Math.min(count, features.count)) {
    const k = chosen.size + 1;
    const wanted = mean.map((value, d) => k * value - sum[d]);
    const next = lowestRow(features, chosen, (row) => squaredDistanceTo(features, row, wanted));
    for (let d = 0; d < sum.length; d++) sum[d] += features.data[next * features.size + d];
    chosen.add(next);
  }
  return [...chosen];
}

export const herding = { id: "herding", choose: herd } as const satisfies Selection;
