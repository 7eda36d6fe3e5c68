// A dataset as the host lists it, and the sums that several views show.
import type { DatasetList } from "../../shared/api/datasets.ts";

export type Dataset = DatasetList["datasets"][number];

export function countPictures({ classes }: Dataset): number {
  return classes.reduce((sum, each) => sum + each.train + each.test, 0);
}
