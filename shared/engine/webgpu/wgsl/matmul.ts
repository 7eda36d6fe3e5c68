// Kernel of matrix products: each invocation makes 4 x 4 elements of the result, four steps of the inner axis at a time.
import { coordinatesOf, placeOf, splitInto, sumOf } from "../indexing.ts";
import { defineKernel, type GpuNode, type GpuTensor, type Lowering } from "../kernel.ts";

interface Sizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** How an operand is read: strides of its outer axis (rows of a, columns of b) and of the inner axis. */
interface Operand {
  readonly name: string;
  readonly outer: number;
  readonly inner: number;
  readonly outerLength: number;
  readonly vector: "outer" | "inner" | "none";
}

const TILE = 4;
const four = [0, 1, 2, 3];

export function matmulKernel(
  { inputs: [a, b], output, attrs }: GpuNode<{ transposeA: boolean; transposeB: boolean }>,
  { batch, m, n, k }: Sizes,
): Lowering {
  const rank = output.shape.length;
  const [row, column] = [rank - 2, rank - 1];
  const left = operandOf("a", a, attrs.transposeA ? column : row, attrs.transposeA ? row : column, k);
  const right = operandOf("b", b, attrs.transposeB ? row : column, attrs.transposeB ? column : row, k);
  const blocks = { m: Math.ceil(m / TILE), n: Math.ceil(n / TILE) };
  const lead = (tensor: GpuTensor) => ({ shape: tensor.shape.slice(0, -2), strides: tensor.strides.slice(0, -2) });
  const whole = k - (k % TILE);
  const isWide =
    output.strides[column] === 1 &&
    n % TILE === 0 &&
    output.strides.every((stride, axis) => axis === column || stride % 4 === 0);
  const kernel = defineKernel({
    reads: [
      { slot: 0, name: "a", type: left.vector === "none" ? "f32" : "vec4f" },
      { slot: 1, name: "b", type: right.vector === "none" ? "f32" : "vec4f" },
    ],
    writes: { slot: "output", name: "result", type: isWide ? "vec4f" : "f32" },
    invocations: batch * blocks.m * blocks.n,
    body: `
      ${splitInto("i", [
        ["batch", batch],
        ["rowBlock", blocks.m],
        ["columnBlock", blocks.n],
      ])}
      let row = rowBlock * ${TILE}u;
      let column = columnBlock * ${TILE}u;
      ${coordinatesOf("batch", lead(output), "l")}
      let baseA = ${placeOf("l", lead(a).strides)};
      let baseB = ${placeOf("l", lead(b).strides)};
      ${four.map((at) => `var sum${at} = vec4f();`).join("\n")}
      ${
        whole === 0
          ? ""
          : `for (var k = 0u; k < ${whole}u; k += ${TILE}u) {
      let tileA = ${tileOf(left, "baseA", "row", "k")};
      let tileB = ${tileOf(right, "baseB", "column", "k")};
      ${four.map((at) => `sum${at} += tileB * tileA[${at}];`).join("\n")}
      }`
      }
      ${four
        .slice(0, k - whole)
        .map((step) => oneStep(left, right, whole + step))
        .join("\n")}
      let base = ${sumOf([
        ...lead(output).strides.map((stride, axis) => [`l${axis}`, stride] as const),
        ["column", output.strides[column]],
      ])};
      ${four.map((at) => store(at, output.strides[row], output.strides[column], m, n, isWide)).join("\n")}`,
  });
  return { kernels: [kernel] };
}

function operandOf(name: string, tensor: GpuTensor, outerAxis: number, innerAxis: number, k: number): Operand {
  const outer = tensor.strides[outerAxis];
  const inner = tensor.strides[innerAxis];
  const outerLength = tensor.shape[outerAxis];
  const others = (axis: number) => tensor.strides.every((stride, at) => at === axis || stride % 4 === 0);
  const byInner = inner === 1 && k % 4 === 0 && others(innerAxis);
  const byOuter = outer === 1 && outerLength % 4 === 0 && others(outerAxis);
  return { name, outer, inner, outerLength, vector: byInner ? "inner" : byOuter ? "outer" : "none" };
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
        ["base", 1],
        [`(row + ${at}u)`, strideRow],
      ],
      column * strideColumn,
    )}] = ${value};`;
  const stores = isWide
    ? `result[(${sumOf([
        ["base", 1],
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
