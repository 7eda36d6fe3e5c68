// What protocols do to their training batches beyond DSA: DC's shifts, zooms and turns, IDC's composition and CutMix.
import { describe, expect, test } from "vitest";
import { oneHot } from "../../shared/data/image-set.ts";
import { createReferenceBackend, defineProgram, Runtime, type Tensor } from "../../shared/engine/index.ts";
import { applyDrawn, type Drawn, drawBatch, drawCutMix, strategyOf } from "../../shared/evaluation/augmentations.ts";
import { augmentAsDc, shiftPadded, zoomNearest } from "../../shared/evaluation/dc-augmentation.ts";
import { rotateCubic } from "../../shared/evaluation/rotate-cubic.ts";
import { deriveKey, rootKey, uniform } from "../../shared/lib/random.ts";
import type { AugmentationTensors } from "../../shared/nn/augment/index.ts";

const [HEIGHT, WIDTH] = [6, 5];
const plane = {
  pixels: Float32Array.from({ length: HEIGHT * WIDTH }, (_, at) => {
    const [y, x] = [Math.floor(at / WIDTH), at % WIDTH];
    return (7 * y * y + 3 * x * y + 5 * x) % 11;
  }),
  height: HEIGHT,
  width: WIDTH,
};
const all = ["color", "crop", "cutout", "flip", "scale", "rotate"] as const;

describe("DC's augmentation", () => {
  test.each([
    [
      17,
      "2.5 2.5 2.5 2.5 2.5 2.526002 7.908768 5.999841 7.642435 2.5 6.351872 2.596772 4.262061 6.555133 2.5 6.013198 4.818805 5.420455 5.264077 8.824045 2.5 2.225266 1.547686 7.174509 5.483695 2.5 5.093629 7.306685 5.315403 3.115198",
    ],
    [
      -45,
      "2.5 2.5 2.5 2.9182 2.5 2.5 2.5 6.426477 2.328353 7.449705 2.5 3.67269 2.599936 4.865568 7.313769 8.383202 6.456769 2.379935 5.043242 6.41508 2.5 5.322979 7.71632 7.972193 2.5 2.5 2.5 3.921472 2.5 2.5",
    ],
    [
      44,
      "2.5 2.5 6.34834 2.5 2.5 2.5 7.462073 7.077093 6.512368 2.5 2.92399 2.505566 4.858766 5.057655 7.959273 2.5 6.378726 2.488083 2.440182 7.899026 2.5 2.5 3.593178 6.390655 5.272978 2.5 2.5 2.5 8.502407 2.5",
    ],
  ])("turned by %i degrees as SciPy 1.10 does", (degrees, expected) => {
    const turned = rotateCubic(plane, degrees, 2.5);
    expected.split(" ").forEach((value, at) => {
      expect(turned[at], `pixel ${at}`).toBeCloseTo(Number(value), 5);
    });
  });

  test("not turned, nothing changes", () => {
    rotateCubic(plane, 0, 9).forEach((value, at) => {
      expect(value).toBeCloseTo(plane.pixels[at], 5);
    });
  });

  test("shifted: window 4, 4 is the image; the first window is four pixels above and left, in the fill", () => {
    expect(shiftPadded(plane, 4, 4, -1)).toEqual(plane.pixels);
    const first = shiftPadded(plane, 0, 0, -1);
    expect(first.filter((value) => value === -1)).toHaveLength(HEIGHT * WIDTH - 2);
    expect(first[4 * WIDTH + 4]).toBe(plane.pixels[0]);
    expect(first[5 * WIDTH + 4]).toBe(plane.pixels[WIDTH]);
  });

  test("zoomed by the nearest pixel around the centre, zero where it shrinks", () => {
    expect(zoomNearest(plane, HEIGHT, WIDTH)).toEqual(plane.pixels);
    const square = { pixels: Float32Array.from({ length: 25 }, (_, at) => at + 1), height: 5, width: 5 };
    // Four rows and columns of five, the centre left out; they lie at the top left of the middle.
    expect([...zoomNearest(square, 4, 4)]).toEqual([
      1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11, 12, 13, 14, 0, 16, 17, 18, 19, 0, 0, 0, 0, 0, 0,
    ]);
    // Six rows of five: the last one twice, of which the first five are seen.
    expect([...zoomNearest(square, 6, 5)].slice(0, 10)).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
  });

  test("one of the three for each image, its channels alike; drawn anew by key", () => {
    const count = 60;
    const images = {
      shape: [count, 2, HEIGHT, WIDTH],
      data: Float32Array.from({ length: count * 2 * plane.pixels.length }, (_, at) => plane.pixels[at % 30]),
    };
    const changed = augmentAsDc(rootKey(3), images).data;
    const of = (image: number, channel: number) =>
      changed.slice((2 * image + channel) * 30, (2 * image + channel + 1) * 30);
    for (let image = 0; image < count; image++) expect(of(image, 0), `image ${image}`).toEqual(of(image, 1));
    expect(new Set(Array.from({ length: count }, (_, image) => of(image, 0).join())).size).toBeGreaterThan(30);
    expect(augmentAsDc(rootKey(3), images).data).toEqual(changed);
    expect(augmentAsDc(rootKey(4), images).data).not.toEqual(changed);
  });
});

describe("IDC's batches", () => {
  const images = { shape: [4, 1, 6, 6], data: uniform(rootKey(5), 4 * 36) };
  const targets = oneHot([0, 1, 2, 2], 3);
  const apply = defineProgram("apply", ({ x, drawn }: { x: Tensor; drawn: Drawn<Tensor, AugmentationTensors> }) => ({
    y: applyDrawn(x, drawn),
  }));

  test("flip, colour and one of three moves, where the strategy has them", () => {
    expect(strategyOf({ augmentedBy: "idc" }, [...all])).toEqual(["flip", "color", "crop", "scale", "rotate"]);
    const parts = (chosen: (typeof all)[number][]) =>
      drawBatch({ augmentedBy: "idc" }, chosen, { images, targets }, rootKey(1)).drawn.parts;
    expect(parts([...all])).toHaveLength(3);
    expect(parts(["crop", "cutout", "rotate"])).toHaveLength(1);
    expect(parts(["cutout"])).toHaveLength(0);
  });

  test("the box lies within the image, as large as lambda asks but for its rounding, in half of the batches", () => {
    const shares = Array.from({ length: 400 }, (_, at) => {
      const { mix, share } = drawCutMix(deriveKey(rootKey(7), at), 0.5, 4, 6, 6);
      const cut = [...mix.keep.data].flatMap((value, pixel) => (value === 0 ? [pixel] : []));
      const rows = new Set(cut.map((pixel) => Math.floor(pixel / 6)));
      const columns = new Set(cut.map((pixel) => pixel % 6));
      // A box: as many pixels as rows times columns.
      expect(cut).toHaveLength(rows.size * columns.size);
      expect(share).toBeCloseTo(1 - cut.length / 36, 12);
      if (cut.length === 0) return 1;
      expect([...mix.order.data].sort()).toEqual([0, 1, 2, 3]);
      return share;
    });
    // A side below two pixels makes no box: 8 / 9 of one half are mixed; the largest side is 5, of which 4 are taken.
    const mixed = shares.filter((share) => share < 1).length;
    expect(mixed).toBeGreaterThan(140);
    expect(mixed).toBeLessThan(216);
    expect(Math.min(...shares)).toBeCloseTo(1 - 16 / 36, 12);
  });

  test("pixels of the box are those of the other image, and so many parts of its target", async () => {
    const runtime = new Runtime(createReferenceBackend());
    let seen = 0;
    for (let seed = 0; seed < 20; seed++) {
      const batch = drawBatch({ augmentedBy: "idc" }, [], { images, targets }, rootKey(seed));
      const { order, keep } = batch.drawn.mix as NonNullable<Drawn["mix"]>;
      const { y } = await runtime.run(apply, { x: batch.images, drawn: batch.drawn });
      const data = await runtime.read(y);
      const share = [...keep.data].reduce((sum, value) => sum + value, 0) / 36;
      if (share < 1) seen++;
      for (let image = 0; image < 4; image++) {
        const other = order.data[image];
        for (let pixel = 0; pixel < 36; pixel++) {
          const from = keep.data[pixel] === 1 ? image : other;
          expect(data[image * 36 + pixel]).toBeCloseTo(images.data[from * 36 + pixel], 6);
        }
        for (let label = 0; label < 3; label++) {
          const expected = share * targets.data[image * 3 + label] + (1 - share) * targets.data[other * 3 + label];
          expect(batch.targets.data[image * 3 + label]).toBeCloseTo(expected, 6);
        }
      }
    }
    expect(seen).toBeGreaterThan(2);
  });

  test("DSA is one part, drawn by the batch's own key, with its targets untouched", () => {
    const batch = drawBatch({ augmentedBy: "dsa" }, [...all], { images, targets }, rootKey(1));
    expect(batch.images).toBe(images);
    expect(batch.targets).toBe(targets);
    expect(batch.drawn).toMatchObject({ parts: [{ mask: { shape: [4, 1, 6, 6] } }] });
    expect(batch.drawn.mix).toBeUndefined();
    expect(drawBatch({ augmentedBy: "nothing" }, [...all], { images, targets }, rootKey(1)).drawn.parts).toEqual([]);
  });
});
