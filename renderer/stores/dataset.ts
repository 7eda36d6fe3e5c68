// A dataset as the host lists it, and the sums that several views show.
import type { DatasetList } from "../../shared/api/datasets.ts";

export type Dataset = DatasetList["datasets"][number];
export type DamagedDataset = DatasetList["damaged"][number];

export function countPictures({ classes }: Pick<Dataset, "classes">): number {
  return classes.reduce((sum, each) => sum + each.train + each.test, 0);
}

/** Class and place within it of image `index` of a split. */
export function locateImage(
  { classes }: Pick<Dataset, "classes">,
  split: "train" | "test",
  index: number,
): { readonly classIndex: number; readonly className: string; readonly place: number; readonly of: number } {
  let start = 0;
  const classIndex = classes.findIndex((each) => {
    if (index < start + each[split]) return true;
    start += each[split];
    return false;
  });
  const found = classes[Math.max(0, classIndex)];
  return { classIndex, className: found.name, place: index - start, of: found[split] };
}
