// What of a dataset a recipe must fit.
import type { ImageManifest } from "../data/manifest.ts";

export interface DatasetFacts {
  readonly name: string;
  readonly size: number;
  readonly channels: number;
  readonly classes: readonly { readonly name: string; readonly train: number }[];
}

export function factsOf({ name, height, channels, classes }: ImageManifest): DatasetFacts {
  return { name, size: height, channels, classes };
}
