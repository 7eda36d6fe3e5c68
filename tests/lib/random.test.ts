import { describe, expect, test } from "vitest";
import { deriveKey, integers, normal, permutation, rootKey, threefry2x32, uniform } from "../../shared/lib/random.ts";

const encrypt = (key: [number, number], c0: number, c1: number) => {
  const out = new Uint32Array(2);
  threefry2x32(key, c0, c1, out, 0);
  return [...out];
};

describe("threefry2x32", () => {
  // Known answers of the Random123 distribution (kat_vectors, threefry2x32 20).
  test("equals the published known answers", () => {
    expect(encrypt([0, 0], 0, 0)).toEqual([0x6b200159, 0x99ba4efe]);
    expect(encrypt([0xffffffff, 0xffffffff], 0xffffffff, 0xffffffff)).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(encrypt([0x13198a2e, 0x03707344], 0x243f6a88, 0x85a308d3)).toEqual([0xc4923a9c, 0x483df7a0]);
  });
});

describe("draws", () => {
  const key = deriveKey(rootKey(7), "tests", 3);

  test("are the same for the same key and differ between keys", () => {
    expect(uniform(key, 5)).toEqual(uniform(key, 5));
    expect(uniform(key, 5)).not.toEqual(uniform(deriveKey(key, 0), 5));
    expect(deriveKey(key, "a", "b")).not.toEqual(deriveKey(key, "ab"));
    expect(deriveKey(key, 1)).not.toEqual(deriveKey(key, "1"));
  });

  test("a shorter draw is a prefix of a longer one", () => {
    expect([...uniform(key, 7)]).toEqual([...uniform(key, 100)].slice(0, 7));
    expect([...normal(key, 7)]).toEqual([...normal(key, 100)].slice(0, 7));
  });

  test("have the moments of their distributions", () => {
    const n = 100_000;
    const mean = (xs: ArrayLike<number>) => Array.from(xs).reduce((s, x) => s + x, 0) / xs.length;
    const u = uniform(key, n, -1, 3);
    expect(mean(u)).toBeCloseTo(1, 1);
    expect(Math.min(...u.slice(0, 1000))).toBeGreaterThanOrEqual(-1);
    const z = normal(key, n);
    expect(Math.abs(mean(z))).toBeLessThan(0.02);
    expect(mean(z.map((x) => x * x))).toBeCloseTo(1, 1);
    expect(mean(integers(key, n, 10))).toBeCloseTo(4.5, 1);
  });

  test("permutation holds every index once", () => {
    expect([...permutation(key, 257)].sort((a, b) => a - b)).toEqual(Array.from({ length: 257 }, (_, i) => i));
  });
});
