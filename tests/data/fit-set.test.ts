// Earlier sets: what keeps one from fitting a dataset, and its images under another normaliser.
import { expect, test } from "vitest";
import type { DistilledSet } from "../../shared/data/distilled-set.ts";
import { imagesUnder, requireSetFits } from "../../shared/data/fit-set.ts";

const set: DistilledSet = {
  images: Float32Array.of(0, 1, -1, 2),
  shape: [2, 2, 1, 1],
  labels: { kind: "hard", values: Int32Array.of(0, 1) },
  normaliser: { kind: "standard", mean: [0.1, 0.5], std: [0.2, 0.25] },
  classNames: ["ant", "bee"],
  ipc: 1,
  recipe: null,
  fingerprint: "",
  extra: {},
};
const form = { name: "animals", channels: 2, height: 1, width: 1, classNames: ["ant", "bee"] };

test("a set that fits passes; another is refused with all that differs", () => {
  expect(() => requireSetFits(set, { ...form, ipc: 1 })).not.toThrow();
  const other = { ...form, channels: 1, classNames: ["ant", "cat"], ipc: 5 };
  expect(() => requireSetFits(set, other)).toThrow(
    /animals: .*2 x 1 x 1, the dataset of 1 x 1 x 1; .*ant, bee, the dataset's ant, cat; the set has 1 images .* recipe 5/,
  );
});

test("images keep their pixels under another normaliser, and their bits under the same", () => {
  const wanted = { kind: "standard", mean: [0.3, 0.2], std: [0.1, 0.5] } as const;
  // Pixels 0.1, 0.75, -0.1 and 1.
  const expected = [-2, 1.1, -4, 1.6];
  imagesUnder(set, wanted).forEach((value, at) => void expect(value).toBeCloseTo(expected[at], 6));
  const rounded = { kind: "standard", mean: [0.1, 0.5].map(Math.fround), std: [0.2, 0.25].map(Math.fround) } as const;
  expect(imagesUnder(set, rounded)).toBe(set.images);
});
