// Matrix products by invocations that work alone: each makes 4 x 4 elements, four steps of the summed axis at a time where four
// neighbours along it are one read, else step by step. Right for any shape and layout; the other variants are measured against it.
// Loops stay loops, since on software adapters each read or write in the source is slow to compile.
import { sizeOf } from "../../shape.ts";
import { splitInto, sumOf } from "../indexing.ts";
import { defineKernel, type KernelLowering, unforeseen } from "../kernel.ts";
import { type MatmulNode, type Operand, productOf, type Sizes } from "./matmul-operand.ts";
import { lowerSplit, splitSum } from "./split-sum.ts";

const TILE = 4;
const four = [0, 1, 2, 3];
/** Invocations that keep a large GPU busy; fewer and the summed axis is cut. */
const ENOUGH_INVOCATIONS = 4096;
const MIN_TERMS_PER_PART = 512;
/** Multiply-adds of a product that takes longer to compile than to compute: it goes step by step, with a quarter of the reads in its text. */
const SMALL = 2 ** 20;

export function directMatmul(node: MatmulNode, sizes: Sizes): KernelLowering {
  const { batch, m, n, k } = sizes;
  const { row, column, isWide, bases, ...operands } = productOf(node, sizes);
  const isSmall = batch * m * n * k <= SMALL;
  const [left, right] = [operands.left, operands.right].map((operand) =>
    isSmall && operand.vector === "inner" ? { ...operand, vector: "none" as const } : operand,
  );
  const blocks = { m: Math.ceil(m / TILE), n: Math.ceil(n / TILE) };
  // Neighbours along the summed axis are read together only where it divides by four.
  const step = left.vector === "inner" || right.vector === "inner" ? TILE : 1;
  const size = sizeOf(node.output.shape);
  const split = splitSum(Math.max(1, k / step), {
    each: batch * blocks.m * blocks.n,
    wanted: ENOUGH_INVOCATIONS,
    shortest: MIN_TERMS_PER_PART / step,
    resultSize: size,
  });
  const isCut = split.parts > 1;
  const length = split.length * step;
  // A cut sum's parts need not divide by four, and are then written one by one.
  const wide = isWide && size % 4 === 0;
  const place = sumOf([
    ["corner", 1],
    ["(row + r)", row],
    [wide ? "" : "c", wide ? 0 : column],
  ]);
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
      let stop = ${isCut ? `min((part + 1u) * ${length}u, ${k}u)` : unforeseen(k)};
      for (var k = ${isCut ? `part * ${length}u` : "0u"}; k < stop; k += ${step}u) {
      ${step === 1 ? oneStep(left, right) : fourSteps(left, right)}
      }
      let corner = ${sumOf([
        ["part", isCut ? size : 0],
        ["base", 1],
        ["column", column],
      ])};
      let rows = min(${TILE}u, ${m}u - row);
      ${wide ? "" : `let columns = min(${TILE}u, ${n}u - column);`}
      for (var r = 0u; r < rows; r++) {
      ${
        wide
          ? `result[(${place}) / 4u] = sum0;`
          : `for (var c = 0u; c < columns; c++) {
      result[${place}] = sum0.x;
      sum0 = sum0.yzwx;
      }`
      }
      sum0 = sum1; sum1 = sum2; sum2 = sum3;
      }`,
  });
  return lowerSplit(kernel, split, size);
}

const fourSteps = (left: Operand, right: Operand) => `
      let tileA = ${tileOf(left, "baseA", "row", "k")};
      let tileB = ${tileOf(right, "baseB", "column", "k")};
      ${four.map((at) => `sum${at} += tileB * tileA[${at}];`).join("\n")}`;

/** WGSL of one step of the summed axis. */
function oneStep(left: Operand, right: Operand): string {
  const vector = ({ name, outer, inner, outerLength, vector: kind }: Operand, base: string, first: string) => {
    const place = (at: string) =>
      sumOf([
        [base, 1],
        [at, outer],
        ["k", inner],
      ]);
    if (kind === "outer") return `${name}[(${place(first)}) / 4u]`;
    const each = four.map((o) => `${name}[${place(`min(${first} + ${o}u, ${outerLength - 1}u)`)}]`);
    return outerLength === 1 ? `vec4f(${each[0]})` : `vec4f(${each.join(", ")})`;
  };
  return `
      let rows = ${vector(left, "baseA", "row")};
      let columns = ${vector(right, "baseB", "column")};
      ${four.map((at) => `sum${at} += rows[${at}] * columns;`).join("\n")}`;
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
