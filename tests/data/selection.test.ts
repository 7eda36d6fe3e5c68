// Choosing real images by features: the specification's values, and what each way must do on any features.
import { expect, test } from "vitest";
import { type Features, meanOf, selectionIds, selectionOf, toUnitRows } from "../../shared/data/selection/index.ts";
import { deriveKey, normal, rootKey } from "../../shared/lib/random.ts";

const rows = (...values: number[][]): Features => ({
  count: values.length,
  size: values[0].length,
  data: Float32Array.from(values.flat()),
});
const line = rows([0], [1], [2], [10]);
const key = rootKey(1);
const cloud: Features = { count: 40, size: 3, data: normal(deriveKey(key, "cloud"), 120) };
const choose = (id: (typeof selectionIds)[number], features: Features, count: number) =>
  selectionOf(id).choose(features, count, key);

test("herding picks 0, 1, 2, 10 in the order 2, 1, 10, 0", () => {
  expect(choose("herding", line, 4).map((row) => line.data[row])).toEqual([2, 1, 10, 0]);
});

test("k-center begins nearest to the mean and then goes to the farthest", () => {
  expect(choose("k-center", line, 4).map((row) => line.data[row])).toEqual([2, 10, 0, 1]);
});

test("a prefix of herding or k-center is itself a result", () => {
  for (const id of ["herding", "k-center"] as const) {
    expect(choose(id, cloud, 5), id).toEqual(choose(id, cloud, 12).slice(0, 5));
  }
});

test("k-means finds clusters, the largest first, and gives the real row nearest to each mean", () => {
  const values = [
    [0, 0],
    [0, 2],
    [0, 0.9],
    [50, 50],
    [50, 54],
    [90, 0],
    [90, 1],
    [90, 2],
    [91, 1],
  ];
  for (let seed = 0; seed < 8; seed++) {
    const found = selectionOf("k-means").choose(rows(...values), 3, rootKey(seed));
    // The means are (90.25, 1), (0, 0.97) and (50, 52), from which both rows are as far.
    expect(found.slice(0, 2), `seed ${seed}`).toEqual([6, 2]);
    expect([3, 4]).toContain(found[2]);
  }
});

test("herding comes nearer to the mean of all than k-center, which covers better", () => {
  const offset = (picked: readonly number[]) => {
    const mean = meanOf(cloud);
    const own = meanOf(rows(...picked.map((row) => [...cloud.data.slice(3 * row, 3 * row + 3)])));
    return Math.hypot(...mean.map((value, d) => value - own[d]));
  };
  const radius = (picked: readonly number[]) => {
    const distance = (a: number, b: number) =>
      Math.hypot(...[0, 1, 2].map((d) => cloud.data[3 * a + d] - cloud.data[3 * b + d]));
    return Math.max(...Array.from({ length: 40 }, (_, row) => Math.min(...picked.map((each) => distance(row, each)))));
  };
  const [herded, covered] = [choose("herding", cloud, 8), choose("k-center", cloud, 8)];
  expect(offset(herded)).toBeLessThan(offset(covered) / 2);
  expect(radius(covered)).toBeLessThan(radius(herded));
});

test.each(selectionIds)("%s: different rows, all where there are fewer, the same again, also of equal rows", (id) => {
  const equal = rows([1, 1], [1, 1], [1, 1], [1, 1]);
  for (const [features, count] of [
    [cloud, 7],
    [cloud, 100],
    [equal, 3],
    [rows([4]), 2],
  ] as const) {
    const picked = choose(id, features, count);
    expect(new Set(picked).size).toBe(Math.min(count, features.count));
    expect(picked).toHaveLength(Math.min(count, features.count));
    for (const row of picked) expect(row >= 0 && row < features.count).toBe(true);
    expect(choose(id, features, count)).toEqual(picked);
  }
});

test("rows of length one; a row of zeros stays", () => {
  const unit = toUnitRows(rows([3, 4], [0, 0], [0, 2]));
  expect([...unit.data].map((value) => Number(value.toFixed(6)))).toEqual([0.6, 0.8, 0, 0, 0, 1]);
});
