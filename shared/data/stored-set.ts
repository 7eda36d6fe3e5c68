// A stored dataset as the methods see it: its manifest, and any way to read ranges of its packed pixels.

import { ImageSet } from "./image-set.ts";
import { type ImageManifest, normaliserOf, type SplitName } from "./manifest.ts";
import type { StandardNormaliser } from "./normaliser.ts";

/** The bytes of images `from` (included) to `to` (not included) of a split. */
export type ReadImages = (split: SplitName, from: number, to: number) => Promise<Uint8Array>;

export interface StoredDataset {
  readonly manifest: ImageManifest;
  readonly read: ReadImages;
}

/** One split, normalised by its training images unless told otherwise. */
export function createStoredSet(
  { manifest, read }: StoredDataset,
  split: SplitName,
  normaliser?: StandardNormaliser,
): ImageSet {
  const { channels, height, width, classes } = manifest;
  return new ImageSet({
    classNames: classes.map(({ name }) => name),
    counts: classes.map((each) => each[split]),
    channels,
    height,
    width,
    normaliser: normaliser ?? normaliserOf(manifest),
    read: (from, to) => read(split, from, to),
  });
}
