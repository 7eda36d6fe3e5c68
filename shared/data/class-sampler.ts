// Draws real images of one class, without replacement.
import type { HostArray } from "../engine/index.ts";
import { type Key, sampleWithout } from "../lib/random.ts";
import type { ImageSet } from "./image-set.ts";

/** Indices of `count` different images of a class, all of them where it has fewer. */
export function sampleClass(set: ImageSet, label: number, count: number, key: Key): number[] {
  const start = set.starts[label];
  return Array.from(sampleWithout(key, count, set.countOf(label)), (index) => start + index);
}

/** Normalised images of a class, [count, channels, height, width]. */
export function drawClass(set: ImageSet, label: number, count: number, key: Key): Promise<HostArray> {
  return set.images(sampleClass(set, label, count, key));
}
