// A distilled set as networks see it: ranges of its values, and the linear picture of them.
import { expect, test } from "vitest";
import { exactValues, measureImages, toLinearPixels } from "../../shared/data/trained-values.ts";
import { sampleSet, whitened } from "./sample-set.ts";

const set = { images: Float32Array.of(-2, 0, 1, 1, /* next */ 6, 2, 2, 2), shape: [2, 2, 1, 2] as const };

test("every image has its lowest, highest and mean value", () => {
  expect(measureImages(set)).toEqual([
    { min: -2, max: 1, mean: 0 },
    { min: 2, max: 6, mean: 3 },
  ]);
});

test("the scale is one of the whole set, and channels lie beside each other", () => {
  const { pixels, count, channels } = toLinearPixels(set);
  expect([count, channels]).toEqual([2, 2]);
  expect([...pixels]).toEqual([0, 96, 64, 96, 255, 128, 128, 128]);
});

test("a set of one value is black, not a division by zero", () => {
  expect([...toLinearPixels({ images: Float32Array.of(3, 3), shape: [1, 1, 1, 2] }).pixels]).toEqual([0, 0]);
});

test("whitened values are shown as the pixels that they stand for, unclipped", () => {
  const plain = exactValues(sampleSet());
  expect(plain).toMatchObject({ space: "normalised", images: sampleSet().images });
  const set = whitened();
  set.images[0] += 10;
  const { space, images } = exactValues(set);
  expect(space).toBe("pixels");
  const [first] = measureImages({ images, shape: set.shape });
  // A change of 10 e_0 becomes 10 (e_0 / 2 - 1 / 6 D).
  expect(first.max).toBeCloseTo(5 - 10 / (6 * 108), 4);
});
