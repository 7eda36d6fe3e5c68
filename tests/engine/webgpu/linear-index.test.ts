// Indices as linear forms: what WGSL says of them equals the numbers, whatever they were split and put together from.
import { describe, expect, test } from "vitest";
import { sizeOf, stridesOf } from "../../../shared/engine/shape.ts";
import { reshapedPlace } from "../../../shared/engine/webgpu/inline.ts";
import {
  combine,
  difference,
  digitsOf,
  divide,
  fixed,
  type Index,
  isMultiple,
  type Loop,
  quarter,
  shift,
  writeIndex,
} from "../../../shared/engine/webgpu/linear-index.ts";

const names = new Map<string, string>();
const bind = (wgsl: string) => {
  const name = `n${names.size}`;
  names.set(name, wgsl);
  return name;
};

/** The value of an index's WGSL for a number of the loop; unsigned, as WGSL computes. */
function evaluate(wgsl: string, row: number): number {
  let text = wgsl;
  while (/\bn\d+\b/.test(text)) text = text.replace(/\bn\d+\b/g, (name) => `(${names.get(name)})`);
  const code = text.replace(/(\d+)u\b/g, "$1").replace(/\brow\b/g, String(row));
  // The only division of whole numbers that WGSL has.
  const whole = (expression: string): number => {
    const tokens = expression.match(/\d+|[()+\-*/%]/g) ?? [];
    let at = 0;
    const atom = (): number => {
      if (tokens[at] !== "(") return Number(tokens[at++]);
      at++;
      const value = sum();
      at++;
      return value;
    };
    const product = (): number => {
      let value = atom();
      while (["*", "/", "%"].includes(tokens[at])) {
        const sign = tokens[at++];
        const right = atom();
        value = sign === "*" ? value * right : sign === "/" ? Math.floor(value / right) : value % right;
      }
      return value;
    };
    const sum = (): number => {
      let value = product();
      while (["+", "-"].includes(tokens[at])) value = tokens[at++] === "+" ? value + product() : value - product();
      return value;
    };
    return sum();
  };
  return whole(code);
}

const place = (at: readonly Index[], shape: readonly number[]) =>
  combine(at.map((index, axis) => [index, stridesOf(shape)[axis]]));

describe.each([1, 4] as const)("a loop in steps of %s", (step) => {
  const loopOver = (lengths: readonly number[]): Loop => ({ name: "row", step, length: sizeOf(lengths) });
  const rows = (lengths: readonly number[]) => Array.from({ length: sizeOf(lengths) / step }, (_, row) => row);

  test.each([[[2, 3, 4]], [[5, 1, 8]], [[12]], [[3, 20, 4, 4]]])("its digits of %j are coordinates", (lengths) => {
    const digits = digitsOf(loopOver(lengths), lengths);
    for (const row of rows(lengths)) {
      const element = row * step;
      digits.forEach((digit, axis) => {
        const expected = Math.floor(element / stridesOf(lengths)[axis]) % lengths[axis];
        expect(evaluate(writeIndex(digit), row)).toBe(expected);
      });
    }
    // Put together again they are the number itself.
    expect(writeIndex(place(digits, lengths))).toBe(step === 1 ? "row" : "row * 4u");
  });

  test.each([
    [
      [4, 6, 4],
      [24, 4],
    ],
    [
      [4, 6, 4],
      [2, 2, 3, 8],
    ],
    [[96], [2, 6, 8]],
    [
      [2, 12, 4],
      [2, 1, 3, 16],
    ],
    [
      [8, 12],
      [6, 16],
    ],
    [[1, 8, 1], [8]],
    [[8], [1, 1, 8, 1]],
  ])("an element of %j lies at the same place in %j", (to, from) => {
    const at = digitsOf(loopOver(to), to);
    const moved = reshapedPlace({ at, vector: undefined }, to, from, bind);
    expect(moved?.at).toHaveLength(from.length);
    for (const row of rows(to)) {
      moved?.at.forEach((index, axis) => {
        expect(evaluate(writeIndex(index), row)).toBe(Math.floor((row * step) / stridesOf(from)[axis]) % from[axis]);
      });
    }
  });

  test("quotients and remainders, with terms and constants beside them", () => {
    const lengths = [6, 10, 4];
    const [a, b, c] = digitsOf(loopOver(lengths), lengths);
    const indices = [
      combine([
        [a, 8],
        [c, 1],
      ]),
      combine([
        [a, 40],
        [b, 4],
        [c, 1],
      ]),
      shift(
        combine([
          [b, 3],
          [c, 1],
        ]),
        5,
      ),
    ];
    for (const index of indices) {
      for (const by of [1, 2, 3, 4, 5, 8]) {
        const { quotient, rest } = divide(index, by, bind);
        for (const row of rows(lengths)) {
          const value = evaluate(writeIndex(index), row);
          expect(evaluate(writeIndex(quotient), row), `${writeIndex(index)} / ${by}`).toBe(Math.floor(value / by));
          expect(evaluate(writeIndex(rest), row), `${writeIndex(index)} % ${by}`).toBe(value % by);
        }
      }
    }
  });

  test("a quarter of what is a multiple of four", () => {
    const lengths = [3, 5, 8];
    const [a, b, c] = digitsOf(loopOver(lengths), lengths);
    const index = shift(
      combine([
        [a, 40],
        [b, 8],
        [c, step === 4 ? 1 : 4],
      ]),
      4,
    );
    expect(isMultiple(index, 4)).toBe(true);
    for (const row of rows(lengths)) {
      expect(evaluate(writeIndex(quarter(index)), row)).toBe(evaluate(writeIndex(index), row) / 4);
    }
  });
});

test("two ways to the same number differ by nothing, neighbours by one", () => {
  const loop: Loop = { name: "row", step: 1, length: 60 };
  const [all] = digitsOf(loop, [60]);
  const [a, b] = digitsOf(loop, [12, 5]);
  expect(
    difference(
      all,
      combine([
        [a, 5],
        [b, 1],
      ]),
    ),
  ).toBe(0);
  expect(
    difference(
      shift(all, 1),
      combine([
        [a, 5],
        [b, 1],
      ]),
    ),
  ).toBe(1);
  expect(difference(all, fixed(0))).toBeUndefined();
});

test("a place before the first is written so that unsigned sums come out right", () => {
  const [all] = digitsOf({ name: "row", step: 1, length: 9 }, [9]);
  expect(writeIndex(combine([[all, -2]], 16))).toBe("16u - row * 2u");
  expect(writeIndex(shift(all, -3))).toBe("row - 3u");
});
