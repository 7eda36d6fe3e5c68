// A set of noise, for tests that look at how a method computes and not at what it finds.
import { ImageSet } from "../../shared/data/image-set.ts";
import { integers, rootKey } from "../../shared/lib/random.ts";

export const [classes, perClass, side] = [3, 4, 8];
const bytes = Uint8Array.from(integers(rootKey(9), classes * perClass * side * side, 256));

export const real = new ImageSet({
  classNames: ["a", "b", "c"],
  counts: Array(classes).fill(perClass),
  channels: 1,
  height: side,
  width: side,
  normaliser: { kind: "standard", mean: [0.5], std: [0.3] },
  read: async (from, to) => bytes.subarray(from * side * side, to * side * side),
});
