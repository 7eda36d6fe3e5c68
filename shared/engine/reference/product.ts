// Products of matrices as the reference computes them.
import type { ReferenceArray } from "../op.ts";

export { addProduct } from "../../lib/add-product.ts";

/** The transpose of a [rows, columns]. */
export function transposed(a: ReferenceArray, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = a[row * columns + column];
  return out;
}
