// k-means (Lloyd, 1982), begun by k-means++ (Arthur & Vassilvitskii, SODA 2007): the real rows nearest to the centres.
import { deriveKey, type Key, uniform } from "../../lib/random.ts";
import { type Features, lowestRow, rowOf, squaredDistanceTo } from "./features.ts";
import type { Selection } from "./selection.ts";

/** Most classes are settled long before. */
const MAX_ROUNDS = 50;

/** One row for each of `count` clusters, no row twice, largest cluster first. */
export function pickNearCentres(features: Features, count: number, key: Key): number[] {
  const k = Math.min(count, features.count);
  let centres = drawCentres(features, k, key);
  let sizes = new Array<number>(k).fill(0);
  let clusters = new Int32Array(features.count).fill(-1);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = Int32Array.from(clusters, (_, row) => nearestCentre(features, row, centres));
    if (next.every((cluster, row) => cluster === clusters[row])) break;
    clusters = next;
    ({ centres, sizes } = moveCentres(features, clusters, centres));
  }
  const taken = new Set<number>();
  const order = centres.map((_, cluster) => cluster).sort((a, b) => sizes[b] - sizes[a] || a - b);
  for (const cluster of order) {
    taken.add(lowestRow(features, taken, (row) => squaredDistanceTo(features, row, centres[cluster])));
  }
  return [...taken];
}

/** k-means++: each next centre is a row drawn in proportion to its squared distance from the nearest one so far. */
function drawCentres(features: Features, k: number, key: Key): ArrayLike<number>[] {
  const nearest = new Float64Array(features.count).fill(1);
  const centres: ArrayLike<number>[] = [];
  for (let at = 0; at < k; at++) {
    const [u] = uniform(deriveKey(key, "centre", at), 1);
    const centre = rowOf(features, drawRow(nearest, u));
    centres.push(centre);
    for (let row = 0; row < features.count; row++) {
      const distance = squaredDistanceTo(features, row, centre);
      nearest[row] = at === 0 ? distance : Math.min(nearest[row], distance);
    }
  }
  return centres;
}

/** The row at which the weights add up to more than u of all; where all are zero, the one at u of the rows. */
function drawRow(weights: Float64Array, u: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return Math.floor(u * weights.length);
  let left = u * total;
  const found = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return found < 0 ? weights.length - 1 : found;
}

function nearestCentre(features: Features, row: number, centres: readonly ArrayLike<number>[]): number {
  let [best, lowest] = [0, Number.POSITIVE_INFINITY];
  for (const [cluster, centre] of centres.entries()) {
    const distance = squaredDistanceTo(features, row, centre);
    if (distance < lowest) [best, lowest] = [cluster, distance];
  }
  return best;
}

/** Each centre to the mean of its rows; one without rows stays where it is. */
function moveCentres(features: Features, clusters: Int32Array, before: readonly ArrayLike<number>[]) {
  const sums = before.map(() => new Float64Array(features.size));
  const sizes = before.map(() => 0);
  clusters.forEach((cluster, row) => {
    sizes[cluster]++;
    const values = rowOf(features, row);
    for (let d = 0; d < features.size; d++) sums[cluster][d] += values[d];
  });
  const centres = sums.map((sum, cluster) =>
    sizes[cluster] > 0 ? sum.map((value) => value / sizes[cluster]) : before[cluster],
  );
  return { centres, sizes };
}

export const kMeans = { id: "k-means", choose: pickNearCentres } as const satisfies Selection;
