// Matrix products by invocations that work alone: each makes 4 x 4 elements, four steps of the summed axis at a time. Right for
// any shape and layout; the other variants are measured against it.
import { sizeOf } from "../../shape.ts";
import { splitInto, sumOf } from "../indexing.ts";
import { defineKernel, type KernelLowering } from "../kernel.ts";
import { type MatmulNode, type Operand, productOf, type Sizes } from "./matmul-operand.ts";
import { lowerSplit, splitSum } from "./split-sum.ts";

const TILE = 4;
const four = [0, 1, 2, 3];
/** Invocations that keep a large GPU busy; fewer and the summed axis is cut. */
const ENOUGH_INVOCATIONS = 4096;
const MIN_STEPS_PER_PART = 128;

export function directMatmul(node: MatmulNode, sizes: Sizes): KernelLowering {
  const { batch, m, n, k } = sizes;
  const { left, right, row, column, isWide, bases } = productOf(node, sizes);
  const blocks = { m: Math.ceil(m / TILE), n: Math.ceil(n / TILE) };
  const whole = k - (k % TILE);
  const size = sizeOf(node.output.shape);
  const split = splitSum(Math.max(1, whole / TILE), {
    each: batch * blocks.m * blocks.n,
    wanted: ENOUGH_INVOCATIONS,
    shortest: MIN_STEPS_PER_PART,
    resultSize: size,
  });
  const isCut = split.parts > 1;
  const leftOver = four
    .slice(0, k - whole)
    .map((step) => oneStep(left, right, whole + step))
    .join("\n");
  const [from, to] = isCut
    ? [`part * ${split.length * TILE}u`, `min((part + 1u) * ${split.length * TILE}u, ${whole}u)`]
    : ["0u", `${whole}u`];
  // A cut sum's parts need not divide by four, and are then written one by one.
  const wide = isWide && size % 4 === 0;
  const kernel = defineKernel({
    reads: [
      { slot: 0, name: "a", type: left.vector === "none" ? "f32" : "vec4f" },
      { slot: 1, name: "b", type: right.vector === "none" ? "f32" : "vec4f" },
    ],
    writes: { slot: split.slot, name: "result", type: wide ? "vec4f" : "f32" },
    invocations: split.parts * batch * blocks.m * blocks.n,
    body: `
      ${splitInto("i", [
        ["part", split.parts],
        ["batch", batch],
        ["rowBlock", blocks.m],
        ["columnBlock", blocks.n],
      ])}
      let row = rowBlock * ${TILE}u;
      let column = columnBlock * ${TILE}u;
      ${bases}
      ${four.map((at) => `var sum${at} = vec4f();`).join("\n")}
      ${
        whole === 0
          ? ""
          : `let stop = ${to};
      for (var k = ${from}; k < stop; k += ${TILE}u) {
      let tileA = ${tileOf(left, "baseA", "row", "k")};
      let tileB = ${tileOf(right, "baseB", "column", "k")};
      ${four.map((at) => `sum${at} += tileB * tileA[${at}];`).join("\n")}
      }`
      }
      ${isCut && leftOver !== "" ? `if (part == ${split.parts - 1}u) {\n${leftOver}\n}` : leftOver}
      let corner = ${sumOf([
        ["part", isCut ? size : 0],
        ["base", 1],
        ["column", column],
      ])};
      ${four.map((at) => store(at, row, column, m, n, wide)).join("\n")}`,
  });
  return lowerSplit(kernel, split, size);
}

/**
 * WGSL of a 4 x 4 tile as a matrix: for a, column r is row r of the operand over four steps of k;
 * for b, column s holds the four columns at step s. So `tileB * tileA[r]` sums over the steps for row r.
 */
function tileOf(operand: Operand, base: string, outer: string, k: string): string {
  const { name, outer: strideOuter, inner: strideInner, outerLength, vector } = operand;
  const at = (o: number) => `min(${outer} + ${o}u, ${outerLength - 1}u)`;
  const place = (terms: readonly (readonly [string, number])[]) => {
    const divided = vector === "none" ? 1 : 4;
    const text = sumOf([[base, 1], ...terms.map(([term, factor]) => [`(${term})`, factor] as const)]);
    return divided === 1 ? `${name}[${text}]` : `${name}[(${text}) / 4u]`;
  };
  const isA = name === "a";
  if (vector === "inner") {
    const rows = four.map((o) =>
      place([
        [at(o), strideOuter],
        [k, 1],
      ]),
    );
    const tile = `mat4x4f(${rows.join(", ")})`;
    return isA ? tile : `transpose(${tile})`;
  }
  if (vector === "outer") {
    const steps = four.map((s) =>
      place([
        [outer, 1],
        [`${k} + ${s}u`, strideInner],
      ]),
    );
    const tile = `mat4x4f(${steps.join(", ")})`;
    return isA ? `transpose(${tile})` : tile;
  }
  const element = (o: number, s: number) =>
    place([
      [at(o), strideOuter],
      [`${k} + ${s}u`, strideInner],
    ]);
  const elements = four.flatMap((major) => four.map((minor) => (isA ? element(major, minor) : element(minor, major))));
  return `mat4x4f(${elements.join(", ")})`;
}

/** WGSL of one step of the inner axis, for what is left over after the fours. */
function oneStep(left: Operand, right: Operand, step: number): string {
  const vector = ({ name, outer, inner, outerLength, vector: kind }: Operand, base: string, first: string) => {
    const place = (o: number) =>
      sumOf(
        [
          [base, 1],
          [`min(${first} + ${o}u, ${outerLength - 1}u)`, outer],
        ],
        step * inner,
      );
    // Along the inner axis a vector would need k % 4 == 0, and then nothing is left over.
    if (kind === "outer")
      return `${name}[(${sumOf(
        [
          [base, 1],
          [first, 1],
        ],
        step * inner,
      )}) / 4u]`;
    return `vec4f(${four.map((o) => `${name}[${place(o)}]`).join(", ")})`;
  };
  return `{
      let rows = ${vector(left, "baseA", "row")};
      let columns = ${vector(right, "baseB", "column")};
      ${four.map((at) => `sum${at} += rows[${at}] * columns;`).join("\n")}
      }`;
}

function store(at: number, strideRow: number, strideColumn: number, m: number, n: number, isWide: boolean): string {
  const line = (value: string, column: number) =>
    `result[${sumOf(
      [
        ["corner", 1],
        [`(row + ${at}u)`, strideRow],
      ],
      column * strideColumn,
    )}] = ${value};`;
  const stores = isWide
    ? `result[(${sumOf([
        ["corner", 1],
        [`(row + ${at}u)`, strideRow],
      ])}) / 4u] = sum${at};`
    : four
        .map((c) => {
          const write = line(`sum${at}[${c}]`, c);
          return n % TILE === 0 || c === 0 ? write : `if (column + ${c}u < ${n}u) {\n${write}\n}`;
        })
        .join("\n");
  return m % TILE === 0 || at === 0 ? stores : `if (row + ${at}u < ${m}u) {\n${stores}\n}`;
}
