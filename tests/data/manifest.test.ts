// What follows from a manifest: its normaliser.
import { expect, test } from "vitest";
import { normaliserOf } from "../../shared/data/manifest.ts";

test("a channel that is the same in every picture is shifted and not divided by zero", () => {
  expect(normaliserOf({ mean: [0.5, 0, 1], std: [0.25, 0, 0] })).toEqual({
    kind: "standard",
    mean: [0.5, 0, 1],
    std: [0.25, 1, 1],
  });
});
