// X = A^-1 B for a symmetric positive definite A, by Cholesky. A matrix that is not gives NaN everywhere, on every backend.
// Only the symmetric part (A + A^T) / 2 is read, so that the op is smooth in each element of A.
import { ShapeError } from "../errors.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { definePrimitive } from "../op.ts";
import { formatShape } from "../shape.ts";
import { solveSpdKernels } from "../webgpu/wgsl/solve-spd.ts";

/** A well-conditioned matrix: M M^T / n + 1. */
function spdOf(n: number): number[] {
  const m = (i: number, j: number) => ((i * 7 + j * j * 13 + i * j) % 11) / 5 - 1;
  return Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let k = 0; k < n; k++) sum += m(i, k) * m(j, k);
    return Math.fround(sum / n + (i === j ? 1 : 0));
  });
}

/** A [n, n], B [n, m] -> X [n, m] with A X = B. */
export const solveSpd = definePrimitive<Record<never, never>>({
  name: "solveSpd",
  infer: ([a, b]) => {
    const [n, columns] = a.shape;
    const fits = a.shape.length === 2 && n === columns && b.shape.length === 2 && b.shape[0] === n;
    if (!fits || a.dtype !== "f32" || b.dtype !== "f32") {
      const shapes = [a, b].map(({ shape, dtype }) => `${dtype}${formatShape(shape)}`).join(" and ");
      throw new ShapeError("solveSpd", `needs f32[n,n] and f32[n,m], was given ${shapes}`);
    }
    return { shape: b.shape, dtype: "f32" };
  },
  // dB = A^-1 g, dA = -dB X^T, of which the symmetric part reaches A.
  vjp: ({ inputs: [a], output: x, cotangent: g }) => {
    const toB = a.solveSpd(g);
    const product = toB.matmul(x, { transposeB: true });
    return [product.add(product.permute([1, 0])).mul(-0.5), toB];
  },
  reference: ({ inputs }, [a, b], out) => {
    const [n, m] = inputs[1].shape;
    const l = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) {
        let sum = (a[i * n + j] + a[j * n + i]) / 2;
        for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
        // The root of a pivot below zero is NaN, and that of zero is divided by.
        l[i * n + j] = i === j ? Math.sqrt(sum) : sum / l[j * n + j];
      }
    let poison = 0;
    for (let i = 0; i < n; i++) poison += l[i * n + i] > 0 && Number.isFinite(l[i * n + i]) ? 0 : Number.NaN;
    for (let column = 0; column < m; column++) {
      for (let i = 0; i < n; i++) {
        let sum = b[i * m + column] + poison;
        for (let k = 0; k < i; k++) sum -= l[i * n + k] * out[k * m + column];
        out[i * m + column] = sum / l[i * n + i];
      }
      for (let i = n - 1; i >= 0; i--) {
        let sum = out[i * m + column];
        for (let k = i + 1; k < n; k++) sum -= l[k * n + i] * out[k * m + column];
        out[i * m + column] = sum / l[i * n + i];
      }
    }
  },
  onnx: (builder, { inputs: [a] }, [matrix, b]) => {
    const turned = builder.node("Transpose", [matrix], { perm: [1, 0] });
    const symmetric = builder.node("Mul", [builder.node("Add", [matrix, turned]), builder.floats([0.5])]);
    const { steps, poison } = eliminate(builder, symmetric, a.shape[0]);
    const x = substitute(builder, steps, b);
    // One step of refinement makes up for the explicit inverses.
    const rest = builder.node("Gemm", [symmetric, x, b], { alpha: { float: -1 } });
    const refined = builder.node("Add", [x, substitute(builder, steps, rest)]);
    return builder.node("Add", [refined, poison]);
  },
  webgpu: solveSpdKernels,
  samples: [
    [1, 1],
    [3, 4],
    [17, 1],
    [33, 5],
    [70, 3],
  ].map(([n, m]) => ({ inputs: [{ shape: [n, n], values: spdOf(n) }, { shape: [n, m] }] })),
  badSamples: [
    {
      inputs: [
        { shape: [3, 4], dtype: "f32" },
        { shape: [3, 1], dtype: "f32" },
      ],
      why: /needs f32\[n,n\] and f32\[n,m\], was given f32\[3,4\] and f32\[3,1\]/,
    },
    {
      inputs: [
        { shape: [3, 3], dtype: "f32" },
        { shape: [2, 1], dtype: "f32" },
      ],
      why: /was given f32\[3,3\] and f32\[2,1\]/,
    },
  ],
});

// ONNX has no Cholesky, and ONNX Runtime's Inverse does not say whether a matrix is definite. So blocks are eliminated one
// after another, and the inverses of a block's leading parts show its pivots: (inverse of the first k)[k, k] = 1 / pivot k.

const BLOCK = 32;

interface Step {
  readonly size: number;
  /** Rows below the block. */
  readonly below: number;
  /** D^-1 [size, size]. */
  readonly inverse: string;
  /** C D^-1 [below, size]. */
  readonly panel: string;
}

/** A = L D L^T in blocks; `poison` is 0, or NaN where a pivot is not positive. */
function eliminate(builder: OnnxBuilder, matrix: string, n: number): { steps: Step[]; poison: string } {
  const { ints } = builder;
  const cut = (name: string, from: readonly number[], to: readonly number[]) =>
    builder.node("Slice", [name, ints(from), ints(to), ints([0, 1])]);
  const steps: Step[] = [];
  const roots: string[] = [];
  let rest = matrix;
  for (let left = n; left > 0; left -= BLOCK) {
    const size = Math.min(BLOCK, left);
    const below = left - size;
    const block = below === 0 ? rest : cut(rest, [0, 0], [size, size]);
    const leading = builder.node("Add", [
      builder.node("Mul", [block, cube(builder, size, (k, i, j) => i <= k && j <= k)]),
      cube(builder, size, (k, i, j) => i === j && i > k),
    ]);
    const inverses = builder.node("Inverse", [leading], {}, "com.microsoft");
    const picked = builder.node("Mul", [inverses, cube(builder, size, (k, i, j) => i === k && j === k)]);
    const overPivots = builder.node("ReduceSum", [picked, ints([1, 2])], { keepdims: 0 });
    roots.push(builder.node("ReduceSum", [builder.node("Sqrt", [overPivots])], { keepdims: 0 }));
    const last = builder.node("Slice", [inverses, ints([size - 1]), ints([size]), ints([0])]);
    const inverse = builder.node("Reshape", [last, ints([size, size])]);
    if (below > 0) {
      const column = cut(rest, [size, 0], [left, size]);
      const panel = builder.node("Gemm", [column, inverse]);
      const corner = cut(rest, [size, size], [left, left]);
      rest = builder.node("Gemm", [panel, column, corner], { alpha: { float: -1 }, transB: 1 });
      steps.push({ size, below, inverse, panel });
    } else {
      steps.push({ size, below, inverse, panel: "" });
    }
  }
  const sum = roots.reduce((total, root) => builder.node("Add", [total, root]));
  return { steps, poison: builder.node("Mul", [sum, builder.floats([0])]) };
}

function cube(builder: OnnxBuilder, size: number, test: (k: number, i: number, j: number) => boolean): string {
  const values: number[] = [];
  for (let k = 0; k < size; k++)
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) values.push(test(k, i, j) ? 1 : 0);
  return builder.floats(values, [size, size, size]);
}

/** (L D L^T)^-1 b. */
function substitute(builder: OnnxBuilder, steps: readonly Step[], b: string): string {
  const { ints } = builder;
  const rows = (name: string, from: number, to: number) =>
    builder.node("Slice", [name, ints([from]), ints([to]), ints([0])]);
  let rest = b;
  const heads = steps.map(({ size, below, panel }) => {
    if (below === 0) return rest;
    const head = rows(rest, 0, size);
    rest = builder.node("Gemm", [panel, head, rows(rest, size, size + below)], { alpha: { float: -1 } });
    return head;
  });
  return steps.reduceRight((solved, { inverse, panel }, at) => {
    const own = builder.node("Gemm", [inverse, heads[at]]);
    if (panel === "") return own;
    const x = builder.node("Gemm", [panel, solved, own], { alpha: { float: -1 }, transA: 1 });
    return builder.node("Concat", [x, solved], { axis: 0 });
  }, "");
}
