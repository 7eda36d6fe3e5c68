// Products of matrices by workgroups that share tiles of both operands, for GPUs: 64 x 64 results (or half as many rows or columns) a
// workgroup, 8 x 4 an invocation, in steps of 16 along the summed axis. So an element is read once for 64 multiply-adds, an
// invocation reads 12 shared numbers for 32 multiply-adds, and 8 KiB a workgroup let several share a core. What the operands are
// (matrices, or the images, weights and taps of a convolution) their loads say.
import { splitInto } from "../indexing.ts";
import { type Buffer, defineGroupKernel, type Kernel } from "../kernel.ts";
import type { SplitSum } from "./split-sum.ts";

export interface TileOperand {
  readonly buffer: Buffer;
  /** The axis along which neighbours lie side by side in memory, and are read by neighbouring invocations. */
  readonly along: "outer" | "summed";
  /** How many neighbours a load gives; four only where the axis divides by four. */
  readonly width: 1 | 4;
  /** WGSL expression, or statements that return, of the load at `batch`, `outer` (row of a, column of b) and `k`. */
  readonly load: string;
}

export interface TiledProduct {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: TileOperand;
  readonly b: TileOperand;
  readonly result: Buffer;
  /** WGSL that writes `values`, four columns of `row` from `column`; `part`, `batch` are known. */
  readonly store: string;
  readonly split: SplitSum;
}

export const TILE_STEP = 16;
const ROWS = 8;
const COLUMNS = 4;
const range = (length: number) => Array.from({ length }, (_, index) => index);
const tileSide = (length: number) => (length <= 32 ? 32 : 64);

/** Workgroups of the product for each part of its sum. */
export function productTiles({ batch, m, n }: Pick<TiledProduct, "batch" | "m" | "n">): number {
  return batch * Math.ceil(m / tileSide(m)) * Math.ceil(n / tileSide(n));
}

export function tiledProduct({ batch, m, n, k, a, b, result, store, split }: TiledProduct): Kernel {
  const sides = { a: tileSide(m), b: tileSide(n) };
  const size = (sides.a / ROWS) * (sides.b / COLUMNS);
  const declareLoad = (name: string, { width, load }: TileOperand) => {
    const body = load.includes("return") ? load : `return ${load};`;
    return `fn ${name}(batch: u32, outer: u32, k: u32) -> ${width === 4 ? "vec4f" : "f32"} {\n${body}\n}`;
  };
  const fill = (name: "a" | "b", { along, width }: TileOperand, length: number) => {
    const side = sides[name];
    const Name = name.toUpperCase();
    const inSummed = TILE_STEP / width;
    const place =
      along === "summed"
        ? `let o = l / ${inSummed}u;\nlet s = l % ${inSummed}u * ${width}u;`
        : `let o = l % ${side / width}u * ${width}u;\nlet s = l / ${side / width}u;`;
    const bounds = [`k0 + s < stop`, ...(length % side === 0 ? [] : [`first${Name} + o < ${length}u`])];
    const writes = range(width).map((d) => {
      const at = along === "summed" ? `(s + ${d}u) * ${side}u + o` : `s * ${side}u + o + ${d}u`;
      return `tile${Name}[${at}] = value${width === 4 ? `[${d}]` : ""};`;
    });
    return `for (var l = lane; l < ${(side * TILE_STEP) / width}u; l += ${size}u) {
      ${place}
      var value = ${width === 4 ? "vec4f()" : "0.0"};
      if (${bounds.join(" && ")}) {
      value = load${Name}(batch, first${Name} + o, k0 + s);
      }
      ${writes.join("\n")}
    }`;
  };
  const writeRow = (row: number) => {
    const bounds = [
      ...(m % sides.a === 0 ? [] : [`row + ${row}u < ${m}u`]),
      ...(n % sides.b === 0 ? [] : [`column < ${n}u`]),
    ];
    return `${bounds.length > 0 ? `if (${bounds.join(" && ")}) ` : ""}{
      storeRow(part, batch, row + ${row}u, column, sum${row});
    }`;
  };
  return defineGroupKernel({
    reads: [a.buffer, b.buffer],
    writes: result,
    groups: split.parts * productTiles({ batch, m, n }),
    workgroupSize: size,
    declarations: `var<workgroup> tileA: array<f32, ${sides.a * TILE_STEP}>;
var<workgroup> tileB: array<f32, ${sides.b * TILE_STEP}>;
${declareLoad("loadA", a)}
${declareLoad("loadB", b)}
fn storeRow(part: u32, batch: u32, row: u32, column: u32, values: vec4f) {
${store}
}`,
    body: `
    ${splitInto("job", [
      ["part", split.parts],
      ["batch", batch],
      ["tileRow", Math.ceil(m / sides.a)],
      ["tileColumn", Math.ceil(n / sides.b)],
    ])}
    let firstA = tileRow * ${sides.a}u;
    let firstB = tileColumn * ${sides.b}u;
    let rowInTile = lane / ${sides.b / COLUMNS}u * ${ROWS}u;
    let columnInTile = lane % ${sides.b / COLUMNS}u * ${COLUMNS}u;
    let row = firstA + rowInTile;
    let column = firstB + columnInTile;
    ${range(ROWS)
      .map((r) => `var sum${r} = vec4f();`)
      .join("\n")}
    let stop = min((part + 1u) * ${split.length}u, ${k}u);
    for (var k0 = part * ${split.length}u; k0 < stop; k0 += ${TILE_STEP}u) {
      ${fill("a", a, m)}
      ${fill("b", b, n)}
      workgroupBarrier();
      for (var s = 0u; s < ${TILE_STEP}u; s++) {
        let atA = s * ${sides.a}u + rowInTile;
        let atB = s * ${sides.b}u + columnInTile;
        let columns = vec4f(${range(COLUMNS)
          .map((c) => `tileB[atB + ${c}u]`)
          .join(", ")});
        ${range(ROWS)
          .map((r) => `sum${r} += tileA[atA + ${r}u] * columns;`)
          .join("\n")}
      }
      workgroupBarrier();
    }
    ${range(ROWS).map(writeRow).join("\n")}`,
  });
}
