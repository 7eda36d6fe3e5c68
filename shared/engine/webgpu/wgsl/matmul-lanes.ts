// Matrix products by subgroups, where four neighbours of either operand are one read. The lanes of a subgroup hold neighbouring
// columns, four each; the rows' elements are read by few lanes and handed round. So a read serves as many
// multiply-adds as there are rows in the tile, four steps of the summed axis at a time.
import { sizeOf } from "../../shape.ts";
import { splitInto, sumOf } from "../indexing.ts";
import { defineGroupKernel, type KernelLowering } from "../kernel.ts";
import { type MatmulNode, type Operand, productOf, type Sizes } from "./matmul-operand.ts";
import { lowerSplit, splitSum } from "./split-sum.ts";

const STEP = 4;
const COMPONENTS = ["x", "y", "z", "w"];
/** Subgroups that keep a CPU busy, however many cores, and leave none waiting for the last. */
const ENOUGH_SUBGROUPS = 96;
const MIN_STEPS_PER_PART = 128;
const four = [0, 1, 2, 3];
const range = (length: number) => Array.from({ length }, (_, index) => index);

/** Whether the kernel fits: its reads are of four neighbours, along either axis. */
export function fitsLanes(node: MatmulNode, sizes: Sizes): boolean {
  const { left, right, isWide } = productOf(node, sizes);
  return left.vector !== "none" && right.vector !== "none" && isWide && sizes.k % STEP === 0;
}

export function lanesMatmul(node: MatmulNode, sizes: Sizes, subgroupSize: number): KernelLowering {
  const { batch, m, n, k } = sizes;
  const { left, right, row, bases } = productOf(node, sizes);
  const rows = [32, 16, 8].find((count) => count <= m) ?? 4;
  const size = sizeOf(node.output.shape);
  const tiles = { m: Math.ceil(m / rows), n: Math.ceil(n / 4 / subgroupSize) };
  const split = splitSum(k / STEP, {
    each: batch * tiles.m * tiles.n,
    wanted: ENOUGH_SUBGROUPS,
    shortest: MIN_STEPS_PER_PART,
    resultSize: size,
  });
  const cast = handRound(left, rows, m, subgroupSize);
  const products = four.flatMap((step) => range(rows).map((r) => `sum${r} += ${cast.element(r, step)} * b${step};`));
  const kernel = defineGroupKernel({
    reads: [
      { slot: 0, name: "a", type: "vec4f" },
      { slot: 1, name: "b", type: "vec4f" },
    ],
    writes: { slot: split.slot, name: "result", type: "vec4f" },
    groups: split.parts * batch * tiles.m * tiles.n,
    workgroupSize: subgroupSize,
    subgroups: true,
    body: `
      ${splitInto("job", [
        ["part", split.parts],
        ["batch", batch],
        ["tileColumn", tiles.n],
        ["tileRow", tiles.m],
      ])}
      let row = tileRow * ${rows}u;
      let wanted = (tileColumn * ${subgroupSize}u + subgroupLane) * 4u;
      let column = min(wanted, ${n - 4}u);
      ${bases}
      ${range(rows)
        .map((r) => `var sum${r} = vec4f();`)
        .join("\n")}
      let stop = min((part + 1u) * ${split.length * STEP}u, ${k}u);
      for (var k = part * ${split.length * STEP}u; k < stop; k += ${STEP}u) {
      ${readColumns(right)}
      ${cast.code}
      ${products.join("\n")}
      }
      let corner = ${sumOf([
        ["part", split.parts === 1 ? 0 : size],
        ["base", 1],
        ["column", 1],
      ])};
      let rows = select(0u, min(${rows}u, ${m}u - row), wanted < ${n}u);
      for (var r = 0u; r < rows; r++) {
      result[(${sumOf([
        ["corner", 1],
        ["(row + r)", row],
      ])}) / 4u] = sum0;
      ${range(rows - 1)
        .map((r) => `sum${r} = sum${r + 1};`)
        .join(" ")}
      }`,
  });
  return lowerSplit(kernel, split, size);
}

/** WGSL that reads four columns at four steps as `b0` to `b3`, a vector of columns each. */
function readColumns({ outer, inner, vector }: Operand): string {
  const at = (column: string, step: string) =>
    `b[(${sumOf([
      ["baseB", 1],
      [column, outer],
      [step, inner],
    ])}) / 4u]`;
  if (vector === "outer") return four.map((step) => `let b${step} = ${at("column", `(k + ${step}u)`)};`).join("\n");
  const columns = four.map((c) => `let c${c} = ${at(`(column + ${c}u)`, "k")};`);
  const turned = four.map(
    (step) => `let b${step} = vec4f(${four.map((c) => `c${c}.${COMPONENTS[step]}`).join(", ")});`,
  );
  return [...columns, ...turned].join("\n");
}

/** WGSL that reads the rows' elements at four steps, each lane some of them, and what hands one round. */
function handRound({ outer, inner, vector }: Operand, rows: number, m: number, subgroupSize: number) {
  const lines: string[] = [];
  // Each lane reads a row at four steps, or four rows at a step.
  const along = vector === "inner" ? rows : rows / 4;
  for (let v = 0; v * subgroupSize < rows; v++) {
    const member = v === 0 ? "subgroupLane" : `(subgroupLane + ${v * subgroupSize}u)`;
    const index = rows < subgroupSize ? `(subgroupLane % ${rows}u)` : member;
    const at = vector === "inner" ? `(row + ${index})` : `(row + ${index} % ${along}u * 4u)`;
    const bounded = m % rows === 0 ? at : `min(${at}, ${vector === "inner" ? m - 1 : m - 4}u)`;
    const step = vector === "inner" ? "k" : `(k + ${index} / ${along}u)`;
    const place = sumOf([
      ["baseA", 1],
      [bounded, outer],
      [step, inner],
    ]);
    lines.push(`let some${v} = a[(${place}) / 4u];`);
  }
  for (const f of range(rows)) {
    lines.push(`let w${f} = subgroupBroadcast(some${Math.floor(f / subgroupSize)}, ${f % subgroupSize}u);`);
  }
  const element = (r: number, step: number) =>
    vector === "inner" ? `w${r}.${COMPONENTS[step]}` : `w${step * along + Math.floor(r / 4)}.${COMPONENTS[r % 4]}`;
  return { code: lines.join("\n"), element };
}
