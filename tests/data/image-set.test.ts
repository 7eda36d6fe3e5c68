// Image sets: normalised reads by index through a small cache, labels, class sampling.
import { describe, expect, test } from "vitest";
import { sampleClass } from "../../shared/data/class-sampler.ts";
import { ImageSet } from "../../shared/data/image-set.ts";
import { rootKey } from "../../shared/lib/random.ts";

const counts = [3, 1, 4];
/** Image i has every byte of channel c equal to 10 i + c. */
function createSet(reads: [number, number][] = [], cacheBytes = 2 ** 29) {
  const [channels, height, width] = [2, 600, 600]; // one image is over half of a block
  const pixels = channels * height * width;
  return new ImageSet(
    {
      classNames: ["a", "b", "c"],
      counts,
      channels,
      height,
      width,
      normaliser: { kind: "standard", mean: [0.5, 0.25], std: [0.5, 2] },
      read: async (from, to) => {
        reads.push([from, to]);
        const bytes = new Uint8Array((to - from) * pixels);
        for (let i = from; i < to; i++) {
          for (let c = 0; c < channels; c++) {
            const at = ((i - from) * channels + c) * height * width;
            bytes.fill(10 * i + c, at, at + height * width);
          }
        }
        return bytes;
      },
    },
    cacheBytes,
  );
}

describe("ImageSet", () => {
  test("normalises each channel by its own mean and deviation, in the order asked for", async () => {
    const set = createSet();
    const { shape, data } = await set.images([7, 0, 7]);
    expect(shape).toEqual([3, 2, 600, 600]);
    const first = (image: number, channel: number) => data[(image * 2 + channel) * 360_000];
    expect(first(0, 0)).toBeCloseTo((70 / 255 - 0.5) / 0.5, 6);
    expect(first(0, 1)).toBeCloseTo((71 / 255 - 0.25) / 2, 6);
    expect(first(1, 1)).toBeCloseTo((1 / 255 - 0.25) / 2, 6);
    expect(first(2, 0)).toBe(first(0, 0));
  });

  test("knows labels and one-hot rows", () => {
    const set = createSet();
    expect(Array.from({ length: 8 }, (_, i) => set.labelOf(i))).toEqual([0, 0, 0, 1, 2, 2, 2, 2]);
    expect([...set.oneHot([3, 4]).data]).toEqual([0, 1, 0, 0, 0, 1]);
  });

  test("reads a block once while it is cached, again when it was put out", async () => {
    const reads: [number, number][] = [];
    const set = createSet(reads, 1); // room for one block
    await set.images([0, 0, 0]);
    expect(reads).toEqual([[0, 1]]);
    await set.images([1]);
    await set.images([0]);
    expect(reads).toEqual([
      [0, 1],
      [1, 2],
      [0, 1],
    ]);
  });

  test("hands over floats as they are, in blocks of the source", async () => {
    const reads: number[][] = [];
    const { source } = createSet();
    const unit = Float32Array.of(1);
    const set = new ImageSet({
      ...source,
      ...{ channels: 1, height: 1, width: 2, blockImages: 3 },
      normaliser: { kind: "zca", mean: unit, transform: unit, inverse: unit },
      read: async (from, to) => {
        reads.push([from, to]);
        return Float32Array.from({ length: 2 * (to - from) }, (_, i) => 2 * from + i - 0.5);
      },
    });
    expect([...(await set.images([7, 0, 4, 6])).data]).toEqual([13.5, 14.5, -0.5, 0.5, 7.5, 8.5, 11.5, 12.5]);
    expect(reads).toEqual([
      [6, 8],
      [0, 3],
      [3, 6],
    ]);
  });

  test("a failed read is not remembered", async () => {
    let fails = true;
    const { source } = createSet();
    const set = new ImageSet({
      ...source,
      read: async (from, to) => {
        if (fails) throw new Error("disk");
        return source.read(from, to);
      },
    });
    await expect(set.images([0])).rejects.toThrow("disk");
    fails = false;
    await expect(set.images([0])).resolves.toMatchObject({ shape: [1, 2, 600, 600] });
  });
});

describe("sampleClass", () => {
  test("draws different images of the class, all of them where it has fewer", () => {
    const set = createSet();
    const drawn = sampleClass(set, 2, 3, rootKey(5));
    expect(new Set(drawn).size).toBe(3);
    expect(drawn.every((index) => index >= 4 && index < 8)).toBe(true);
    expect(sampleClass(set, 0, 10, rootKey(5)).sort()).toEqual([0, 1, 2]);
    expect(sampleClass(set, 2, 3, rootKey(5))).toEqual(drawn);
    expect(Array.from({ length: 20 }, (_, seed) => sampleClass(set, 2, 1, rootKey(seed))[0])).toEqual(
      expect.arrayContaining([4, 5, 6, 7]),
    );
  });
});
