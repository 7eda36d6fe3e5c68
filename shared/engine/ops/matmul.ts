// Matrix product of the last two axes, with either operand read transposed; its gradients are matrix products again.
import { ShapeError } from "../errors.ts";
import { definePrimitive, type NodeView } from "../op.ts";
import { addProduct, transposed } from "../reference/product.ts";
import { formatShape, sameShape, sizeOf } from "../shape.ts";
import { matmulKernels } from "../webgpu/wgsl/matmul.ts";

export type MatmulAttrs = { transposeA: boolean; transposeB: boolean };

/** Sizes of one product: [m, k] x [k, n], repeated `batch` times. */
export function matmulSizes({ inputs: [a, b], attrs }: Pick<NodeView<MatmulAttrs>, "inputs" | "attrs">) {
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  return {
    batch: sizeOf(a.shape.slice(0, -2)),
    m: attrs.transposeA ? columnsA : rowsA,
    k: attrs.transposeA ? rowsA : columnsA,
    kOfB: attrs.transposeB ? columnsB : rowsB,
    n: attrs.transposeB ? rowsB : columnsB,
  };
}

const flags = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })));

export const matmul = definePrimitive<MatmulAttrs>({
  name: "matmul",
  infer: (inputs, attrs) => {
    const [a, b] = inputs;
    const leads = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const shapes = `${formatShape(a.shape)} and ${formatShape(b.shape)}`;
    if (a.shape.length < 2 || b.shape.length < 2 || !sameShape(leads[0], leads[1])) {
      throw new ShapeError("matmul", `${shapes} are not matrices with the same leading axes`);
    }
    const { m, n, k, kOfB } = matmulSizes({ inputs, attrs });
    if (k !== kOfB) throw new ShapeError("matmul", `${shapes}: inner sizes ${k} and ${kOfB} differ`);
    if (a.dtype !== "f32" || b.dtype !== "f32") throw new ShapeError("matmul", "needs f32");
    return { shape: [...leads[0], m, n], dtype: "f32" };
  },
  vjp: ({ inputs: [a, b], cotangent: g, attrs: { transposeA, transposeB } }) => [
    // C = op(A) op(B): dop(A) = G op(B)^T, dop(B) = op(A)^T G; a transposed operand takes the transposed product.
    transposeA ? b.matmul(g, { transposeA: transposeB, transposeB: true }) : g.matmul(b, { transposeB: !transposeB }),
    transposeB ? g.matmul(a, { transposeA: true, transposeB: transposeA }) : a.matmul(g, { transposeA: !transposeA }),
  ],
  reference: (node, [a, b], out) => {
    const { batch, m, n, k } = matmulSizes(node);
    const { transposeA, transposeB } = node.attrs;
    out.fill(0);
    for (let at = 0; at < batch; at++) {
      const left = a.subarray(at * m * k, (at + 1) * m * k);
      const right = b.subarray(at * k * n, (at + 1) * k * n);
      addProduct(
        { m, n, k },
        transposeA ? transposed(left, k, m) : left,
        transposeB ? transposed(right, n, k) : right,
        out.subarray(at * m * n, (at + 1) * m * n),
      );
    }
  },
  onnx: (builder, { inputs, attrs }, [a, b]) => {
    const rank = inputs[0].shape.length;
    if (rank === 2) {
      return builder.node("Gemm", [a, b], { transA: attrs.transposeA ? 1 : 0, transB: attrs.transposeB ? 1 : 0 });
    }
    const swap = inputs[0].shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
    const turn = (name: string, transposed: boolean) =>
      transposed ? builder.node("Transpose", [name], { perm: swap }) : name;
    return builder.node("MatMul", [turn(a, attrs.transposeA), turn(b, attrs.transposeB)]);
  },
  webgpu: (node) => matmulKernels(node, matmulSizes(node)),
  slices: {
    rows: ({ output, attrs }, rows) => {
      if (output.shape.length > 2) return { inputs: [rows, rows] };
      return attrs.transposeA ? undefined : { inputs: [rows, "all"] };
    },
    // The inner size is the first axis of both.
    fold: ({ output, attrs: { transposeA, transposeB } }) =>
      output.shape.length === 2 && transposeA && !transposeB ? { cut: [true, true], combine: "sum" } : undefined,
  },
  samples: flags.flatMap((attrs) =>
    [
      { m: 1, n: 1, k: 1, lead: [] },
      { m: 17, n: 5, k: 33, lead: [] },
      { m: 3, n: 4, k: 5, lead: [2, 3] },
      { m: 66, n: 70, k: 9, lead: [] },
    ].map(({ m, n, k, lead }) => ({
      inputs: [
        { shape: [...lead, ...(attrs.transposeA ? [k, m] : [m, k])] },
        { shape: [...lead, ...(attrs.transposeB ? [n, k] : [k, n])] },
      ],
      attrs,
    })),
  ),
  badSamples: [
    {
      inputs: [
        { shape: [2, 3], dtype: "f32" },
        { shape: [2, 3], dtype: "f32" },
      ],
      attrs: { transposeA: false, transposeB: false },
      why: /inner sizes 3 and 2 differ/,
    },
  ],
});
