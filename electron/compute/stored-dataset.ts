// An opened dataset of the store as an experiment reads it.
import type { StoredDataset } from "../../shared/data/stored-set.ts";
import type { Dataset } from "../host/datasets/index.ts";

export function storedDatasetOf({ manifest, readImages }: Dataset): StoredDataset {
  return { manifest, read: (split, from, to) => readImages(split, { from, to }) };
}
