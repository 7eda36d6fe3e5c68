// Gives every image a split and puts all in stored order: train first, classes and paths in code-point order.

import type { SplitName } from "../../../shared/data/manifest.ts";
import { deriveKey, permutation, rootKey } from "../../../shared/lib/random.ts";
import { compareCodePoints } from "./code-points.ts";
import type { ScannedImage } from "./scan.ts";

export interface ClassImages {
  name: string;
  train: ScannedImage[];
  test: ScannedImage[];
}

/** The classes in order, their images in order. Images without a split are divided, seeded by class name. */
export function divideClasses(images: readonly ScannedImage[], seed: number, testFraction: number): ClassImages[] {
  const byName = new Map<string, ScannedImage[]>();
  for (const each of images) {
    const list = byName.get(each.image.className);
    if (list) list.push(each);
    else byName.set(each.image.className, [each]);
  }
  const names = [...byName.keys()].sort(compareCodePoints);
  return names.map((name) => {
    const list = byName.get(name)!.sort((a, b) => compareCodePoints(a.image.path, b.image.path));
    const drawn = drawSplits(name, list.filter((each) => each.image.split === null).length, seed, testFraction);
    const out: ClassImages = { name, train: [], test: [] };
    let at = 0;
    for (const each of list) out[each.image.split ?? drawn[at++]].push(each);
    return out;
  });
}

/** At least one image stays in train; from two images on, at least one goes to test. */
function drawSplits(className: string, count: number, seed: number, testFraction: number): SplitName[] {
  const wanted = Math.round(count * testFraction);
  const tests = Math.min(Math.max(wanted, 1), count - 1);
  const splits = new Array<SplitName>(count).fill("train");
  const order = permutation(deriveKey(rootKey(seed), "split", className), count);
  for (let i = 0; i < tests; i++) splits[order[i]] = "test";
  return splits;
}
