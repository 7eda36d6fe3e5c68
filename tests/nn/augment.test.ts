// DSA draws: seeded, within the papers' ranges, every operation as likely as another.
import { describe, expect, test } from "vitest";
import { deriveKey, rootKey } from "../../shared/lib/random.ts";
import {
  type Augmentation,
  drawAugmentation,
  operations,
  packAugmentations,
  type Strategy,
} from "../../shared/nn/augment/index.ts";

const key = deriveKey(rootKey(11), "augment");
const all: Strategy = ["color", "crop", "cutout", "flip", "scale", "rotate"];
const [height, width] = [28, 32];

const kindOf = ({ map, colour, mask }: Augmentation) => (map ? "map" : colour ? "colour" : mask ? "mask" : "none");

describe("drawAugmentation", () => {
  test("is the same for the same key and differs between keys", () => {
    expect(drawAugmentation(key, all, 3, height, width)).toEqual(drawAugmentation(key, all, 3, height, width));
    const kinds = Array.from({ length: 40 }, (_, i) =>
      kindOf(drawAugmentation(deriveKey(key, i), all, 1, height, width)[0]),
    );
    expect(new Set(kinds).size).toBeGreaterThan(2);
  });

  test("draws one operation for all sets, with parameters of their own", () => {
    const crops = drawAugmentation(key, ["crop"], 16, height, width);
    expect(new Set(crops.map(({ map }) => map?.indices.join())).size).toBeGreaterThan(5);
    expect(new Set(drawAugmentation(key, all, 16, height, width).map(kindOf)).size).toBeLessThanOrEqual(2);
  });

  test("takes every operation of the strategy equally often, and no other", () => {
    const chosen: Strategy = ["color", "cutout", "rotate"];
    const counts = new Map<string, number>();
    const draws = 1500;
    for (let i = 0; i < draws; i++) {
      const kind = kindOf(drawAugmentation(deriveKey(key, "uniform", i), chosen, 1, 4, 4)[0]);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(["colour", "map", "mask"]);
    for (const count of counts.values()) expect(Math.abs(count - draws / 3)).toBeLessThan(75); // four deviations
  });

  test("an empty strategy changes nothing", () => {
    expect(drawAugmentation(key, [], 2, height, width)).toEqual([{}, {}]);
  });
});

describe("operations keep to the papers' ranges at both ends of their draws", () => {
  const sample = (id: string, u: number[]) =>
    operations.find((operation) => operation.id === id)?.sample(u, height, width) as Augmentation;
  const almostOne = 1 - 2 ** -24;

  test("crop shifts by up to an eighth of each side", () => {
    const source = (augmentation: Augmentation, y: number, x: number) => augmentation.map?.indices[(y * width + x) * 4];
    expect(source(sample("crop", [0, 0]), 10, 10)).toBe((10 - 4) * width + (10 - 4)); // 28 * 0.125 + 0.5 = 4, 32 likewise
    expect(source(sample("crop", [almostOne, almostOne]), 10, 10)).toBe((10 + 4) * width + (10 + 4));
  });

  test("cutout darkens half of each side, less at the border", () => {
    const dark = (augmentation: Augmentation) => augmentation.mask?.filter((value) => value === 0).length;
    expect(dark(sample("cutout", [0.5, 0.5]))).toBe(14 * 16);
    expect(dark(sample("cutout", [0, 0]))).toBe(7 * 8);
    expect(dark(sample("cutout", [almostOne, almostOne]))).toBe(7 * 8);
  });

  test("flip mirrors half of the time", () => {
    expect(sample("flip", [0.49]).map).toBeDefined();
    expect(sample("flip", [0.5]).map).toBeUndefined();
  });

  test("color at one half is neutral", () => {
    expect(sample("color", [0.5, 0.5, 0.5]).colour).toEqual({ scale: 1, channel: 0, image: 0, shift: 0 });
  });
});

test("the transposed map of the strongest zoom fits in the nine taps that are set aside", () => {
  const zoomIn = operations.find(({ id }) => id === "scale")?.sample([0, 0], 32, 32) as Augmentation;
  const packed = packAugmentations([zoomIn], 32, 32, true);
  expect(packed.adjointIndices?.shape).toEqual([1, 1024, 9]);
  const total = (weights: ArrayLike<number>) => Array.from(weights).reduce((sum, weight) => sum + weight, 0);
  expect(total(packed.adjointWeights?.data ?? [])).toBeCloseTo(total(packed.weights.data), 3);
});
