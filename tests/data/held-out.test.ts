// Holding out a part of each class: both parts together are the set, in its order, with the same pixels.
import { expect, test } from "vitest";
import { countHeldOut, holdOut } from "../../shared/data/held-out.ts";
import { ImageSet } from "../../shared/data/image-set.ts";
import { rootKey } from "../../shared/lib/random.ts";

const counts = [7, 1, 10, 4];
const set = new ImageSet({
  classNames: ["a", "b", "c", "d"],
  counts,
  channels: 1,
  height: 1,
  width: 2,
  normaliser: { kind: "standard", mean: [0], std: [1 / 255] },
  read: async (from, to) => Uint8Array.from({ length: 2 * (to - from) }, (_, at) => 2 * from + at),
});

async function numbersOf(part: ImageSet): Promise<number[]> {
  const { data } = await part.images(Array.from({ length: part.size }, (_, index) => index));
  // The first pixel of image i is 2 i, the second 2 i + 1.
  return Array.from({ length: part.size }, (_, index) => {
    expect(Math.round(data[2 * index + 1] - data[2 * index])).toBe(1);
    return Math.round(data[2 * index]) / 2;
  });
}

test("each image is in one part, of its class", async () => {
  const { kept, heldOut } = holdOut(set, 0.3, rootKey(1));
  expect(heldOut.source.counts).toEqual(counts.map((count) => countHeldOut(count, 0.3)));
  expect(heldOut.source.counts).toEqual([2, 0, 3, 1]);
  expect(kept.source.counts).toEqual([5, 1, 7, 3]);
  const [rest, out] = [await numbersOf(kept), await numbersOf(heldOut)];
  expect([...rest, ...out].sort((a, b) => a - b)).toEqual(Array.from({ length: set.size }, (_, index) => index));
  for (const [part, numbers] of [
    [kept, rest],
    [heldOut, out],
  ] as const) {
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(numbers.map((number) => set.labelOf(number))).toEqual(numbers.map((_, index) => part.labelOf(index)));
  }
});

test("equal keys hold out the same, others others", async () => {
  const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => numbersOf(holdOut(set, 0.5, rootKey(seed)).heldOut)));
  expect(a).toEqual(b);
  expect(a).not.toEqual(c);
});
