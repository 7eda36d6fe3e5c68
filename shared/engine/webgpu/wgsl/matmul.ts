// The ways to compute a product of matrices.
import { sizeOf } from "../../shape.ts";
import { sumOf } from "../indexing.ts";
import type { KernelLowering, VariantsOf } from "../kernel.ts";
import { directMatmul } from "./matmul-direct.ts";
import { fitsLanes, lanesMatmul } from "./matmul-lanes.ts";
import { type MatmulNode, type Operand, productOf, type Sizes } from "./matmul-operand.ts";
import { productTiles, TILE_STEP, type TileOperand, tiledProduct } from "./product-tiles.ts";
import { lowerSplit, splitSum } from "./split-sum.ts";
import { matmulShapeClass, variantsOf } from "./ways.ts";

export function matmulKernels(node: MatmulNode, sizes: Sizes): VariantsOf {
  const { left, right } = productOf(node, sizes);
  return variantsOf(matmulShapeClass(sizes, `${left.vector}-${right.vector}`), {
    tiles: () => tiledMatmul(node, sizes),
    direct: () => directMatmul(node, sizes),
    ...(fitsLanes(node, sizes) ? { lanes: (subgroupSize: number) => lanesMatmul(node, sizes, subgroupSize) } : {}),
  });
}

/** Workgroups that keep a large GPU busy. */
const ENOUGH_GROUPS = 128;
const MIN_STEPS_PER_PART = 32;

function tiledMatmul(node: MatmulNode, sizes: Sizes): KernelLowering {
  const { left, right, row, column, isWide, bases } = productOf(node, sizes);
  const size = sizeOf(node.output.shape);
  const steps = splitSum(Math.ceil(sizes.k / TILE_STEP), {
    each: productTiles(sizes),
    wanted: ENOUGH_GROUPS,
    shortest: MIN_STEPS_PER_PART,
    resultSize: size,
  });
  const split = { ...steps, length: steps.length * TILE_STEP };
  const operand = (slot: number, { name, outer, inner, vector }: Operand): TileOperand => {
    const place = sumOf([
      [slot === 0 ? "baseA" : "baseB", 1],
      ["outer", outer],
      ["k", inner],
    ]);
    const width = vector === "none" ? 1 : 4;
    return {
      buffer: { slot, name, type: width === 4 ? "vec4f" : "f32" },
      along: vector === "inner" || (vector === "none" && inner < outer) ? "summed" : "outer",
      width,
      load: `${bases}\nreturn ${width === 4 ? `${name}[(${place}) / 4u]` : `${name}[${place}]`};`,
    };
  };
  const place = (offset: string) =>
    sumOf([
      ["part", split.parts === 1 ? 0 : size],
      ["base", 1],
      ["row", row],
      [offset, column],
    ]);
  const wide = isWide && size % 4 === 0;
  const single = [0, 1, 2, 3].map(
    (d) => `if (column + ${d}u < ${sizes.n}u) {\nresult[${place(`(column + ${d}u)`)}] = values[${d}];\n}`,
  );
  const kernel = tiledProduct({
    ...sizes,
    a: operand(0, left),
    b: operand(1, right),
    result: { slot: split.slot, name: "result", type: wide ? "vec4f" : "f32" },
    store: `${bases}\n${wide ? `result[(${place("column")}) / 4u] = values;` : single.join("\n")}`,
    split,
  });
  return lowerSplit(kernel, split, size);
}
