// How kernels of matrix products see their operands: strides, batches, and along which axis four neighbours are one read.
import { coordinatesOf, placeOf } from "../indexing.ts";
import type { GpuNode, GpuTensor } from "../kernel.ts";

export type MatmulNode = GpuNode<{ transposeA: boolean; transposeB: boolean }>;

export interface Sizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** How an operand is read: strides of its outer axis (rows of a, columns of b) and of the inner axis. */
export interface Operand {
  readonly name: string;
  readonly outer: number;
  readonly inner: number;
  readonly outerLength: number;
  readonly vector: "outer" | "inner" | "none";
}

export interface Product {
  readonly left: Operand;
  readonly right: Operand;
  /** Strides of the result's rows and columns. */
  readonly row: number;
  readonly column: number;
  /** Whether four neighbouring columns are one write. */
  readonly isWide: boolean;
  /** WGSL that finds `baseA`, `baseB` and `base`, where the matrices of `batch` begin. */
  readonly bases: string;
}

export function productOf({ inputs: [a, b], output, attrs }: MatmulNode, { n, k }: Sizes): Product {
  const rank = output.shape.length;
  const [row, column] = [rank - 2, rank - 1];
  const lead = (tensor: GpuTensor) => ({ shape: tensor.shape.slice(0, -2), strides: tensor.strides.slice(0, -2) });
  return {
    left: operandOf("a", a, attrs.transposeA ? column : row, attrs.transposeA ? row : column, k),
    right: operandOf("b", b, attrs.transposeB ? row : column, attrs.transposeB ? column : row, k),
    row: output.strides[row],
    column: output.strides[column],
    isWide:
      output.strides[column] === 1 &&
      n % 4 === 0 &&
      output.strides.every((stride, axis) => axis === column || stride % 4 === 0),
    bases: `${coordinatesOf("batch", lead(output), "l")}
      let baseA = ${placeOf("l", lead(a).strides)};
      let baseB = ${placeOf("l", lead(b).strides)};
      let base = ${placeOf("l", lead(output).strides)};`,
  };
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
