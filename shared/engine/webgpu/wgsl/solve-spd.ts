// Kernels of solveSpd: a blocked Cholesky factorisation of A with B^T as further rows, so that the forward substitution comes
// along; then the backward substitution, a workgroup for some columns. Which block is next and how many equations there are lie
// in memory, so that the same three shaders serve every block of every matrix.
import type { Attrs } from "../../op.ts";
import { coordinatesOf, placeOf } from "../indexing.ts";
import { defineGroupKernel, defineKernel, type GpuNode, type Kernel, type Lowering } from "../kernel.ts";

const BLOCK = 32;
const LANES = 64;
/** Columns of the result that a workgroup solves. */
const COLUMNS = LANES / BLOCK;

/** What scratch memory begins with. Each kernel reads one of the two steps and sets the other. */
const PANEL_STEP = 0;
const UPDATE_STEP = 1;
/** Whether a pivot was not positive. */
const FAILED = 2;
const EQUATIONS = 3;
/** Those of A and of B^T. */
const ROWS = 4;
const HEADER = 8;

export function solveSpdKernels({ inputs: [a, b], output }: GpuNode<Attrs>): Lowering {
  const [n, m] = output.shape;
  const blocks = Math.ceil(n / BLOCK);
  const rows = n + m;
  const load = defineKernel({
    reads: [
      { slot: 0, name: "a", type: "f32" },
      { slot: 1, name: "b", type: "f32" },
    ],
    writes: { slot: "scratch", name: "s", type: "f32" },
    invocations: rows * n,
    body: `
      if (i == 0u) {
      s[${PANEL_STEP}u] = 0.0;
      s[${FAILED}u] = 0.0;
      s[${EQUATIONS}u] = ${n}.0;
      s[${ROWS}u] = ${rows}.0;
      }
      let p0 = i / ${n}u;
      let p1 = i % ${n}u;
      var value = 0.0;
      if (p0 < ${n}u) {
      value = 0.5 * (a[${placeOf("p", a.strides)}] + a[${placeOf("p", [...a.strides].reverse())}]);
      } else {
      value = b[p1 * ${b.strides[0]}u + (p0 - ${n}u) * ${b.strides[1]}u];
      }
      s[${HEADER}u + i] = value;`,
  });
  const factor = Array.from({ length: blocks }, (_, block) => {
    const start = Math.min((block + 1) * BLOCK, n);
    const tiles = Math.ceil((rows - start) / BLOCK) * Math.ceil((n - start) / BLOCK);
    return [panelKernel(Math.ceil((rows - start) / LANES)), ...(tiles > 0 ? [updateKernel(tiles)] : [])];
  }).flat();
  const store = defineKernel({
    reads: [{ slot: "scratch", name: "s", type: "f32" }],
    writes: { slot: "output", name: "result", type: "f32" },
    invocations: n * m,
    body: `${coordinatesOf("i", output, "p")}
      let poison = select(0u, 0x7fc00000u, s[${FAILED}u] > 0.0);
      let value = s[${HEADER}u + (${n}u + p1) * ${n}u + p0];
      result[i] = bitcast<f32>(bitcast<u32>(value) | poison);`,
  });
  return {
    scratchBytes: 4 * (HEADER + rows * n + blocks * BLOCK * BLOCK),
    kernels: [load, ...factor, substituteKernel(Math.ceil(m / COLUMNS)), store],
  };
}

const scratch = { slot: "scratch", name: "s", type: "f32" } as const;

const readSizes = `let n = u32(s[${EQUATIONS}u]);
      let rows = u32(s[${ROWS}u]);
      let factors = ${HEADER}u + rows * n;`;

/** WGSL of one of the two steps and of the number of equations as the compiler knows them to be the same for all lanes: barriers follow. */
const uniformStep = (step: number) => `if (lane == 0u) {
      current = vec2u(u32(s[${step}u]), n);
      }
      let same = workgroupUniformLoad(&current);
      let step = same.x;
      let equations = same.y;`;

/** Factors the diagonal block, in every workgroup anew, and divides the rows below by it. */
function panelKernel(groups: number): Kernel {
  return defineGroupKernel({
    reads: [],
    writes: scratch,
    groups,
    workgroupSize: LANES,
    declarations: `var<workgroup> current: vec2u;
var<workgroup> block: array<f32, ${BLOCK * BLOCK}>;
var<workgroup> panel: array<f32, ${LANES * (BLOCK + 1)}>;`,
    body: `
      ${readSizes}
      ${uniformStep(PANEL_STEP)}
      let first = step * ${BLOCK}u;
      let size = min(${BLOCK}u, equations - first);
      for (var at = lane; at < ${BLOCK * BLOCK}u; at += ${LANES}u) {
      let y = at / ${BLOCK}u;
      let x = at % ${BLOCK}u;
      var value = select(0.0, 1.0, x == y);
      if (y < size && x < size) {
      value = s[${HEADER}u + (first + y) * n + first + x];
      }
      block[at] = value;
      }
      workgroupBarrier();

      var failed = false;
      for (var k = 0u; k < size; k++) {
      let pivot = block[k * ${BLOCK + 1}u];
      let bits = bitcast<u32>(pivot);
      failed = failed || bits == 0u || bits >= 0x7f800000u;
      let scale = 1.0 / sqrt(pivot);
      workgroupBarrier();
      if (lane >= k && lane < size) {
      block[lane * ${BLOCK}u + k] *= scale;
      }
      workgroupBarrier();
      let y = lane % ${BLOCK}u;
      for (var x = k + 1u + lane / ${BLOCK}u; x <= y; x += ${LANES / BLOCK}u) {
      block[y * ${BLOCK}u + x] -= block[y * ${BLOCK}u + k] * block[x * ${BLOCK}u + k];
      }
      workgroupBarrier();
      }
      if (job == 0u) {
      for (var at = lane; at < ${BLOCK * BLOCK}u; at += ${LANES}u) {
      s[factors + step * ${BLOCK * BLOCK}u + at] = block[at];
      }
      if (lane == 0u) {
      s[${UPDATE_STEP}u] = f32(step);
      if (failed) {
      s[${FAILED}u] = 1.0;
      }
      }
      }

      let row = first + size + job * ${LANES}u + lane;
      if (row < rows) {
      let begin = ${HEADER}u + row * n + first;
      let own = lane * ${BLOCK + 1}u;
      for (var k = 0u; k < size; k++) {
      var value = s[begin + k];
      for (var t = 0u; t < k; t++) {
      value -= panel[own + t] * block[k * ${BLOCK}u + t];
      }
      value /= block[k * ${BLOCK + 1}u];
      panel[own + k] = value;
      s[begin + k] = value;
      }
      }`,
  });
}

/** Subtracts the panel's products from the rows and columns after the block, a tile of the lower triangle a workgroup. */
function updateKernel(groups: number): Kernel {
  const four = [0, 1, 2, 3];
  const load = (tile: string, first: string, limit: string) => `
      for (var at = lane; at < ${(BLOCK * BLOCK) / 4}u; at += ${LANES}u) {
      let t = at % ${BLOCK}u;
      let group = at / ${BLOCK}u;
      ${four
        .map(
          (q) =>
            `let row${q} = min(${first} + group * 4u + ${q}u, ${limit} - 1u);
      let value${q} = s[${HEADER}u + row${q} * n + start - ${BLOCK}u + t];`,
        )
        .join("\n")}
      ${tile}[t * ${BLOCK / 4}u + group] = vec4f(${four.map((q) => `value${q}`).join(", ")});
      }`;
  return defineGroupKernel({
    reads: [],
    writes: scratch,
    groups,
    workgroupSize: LANES,
    declarations: `var<workgroup> current: vec2u;
var<workgroup> left: array<vec4f, ${(BLOCK * BLOCK) / 4}>;
var<workgroup> right: array<vec4f, ${(BLOCK * BLOCK) / 4}>;`,
    body: `
      ${readSizes}
      ${uniformStep(UPDATE_STEP)}
      let start = (step + 1u) * ${BLOCK}u;
      let columns = (equations - start + ${BLOCK - 1}u) / ${BLOCK}u;
      let firstRow = start + job / columns * ${BLOCK}u;
      let firstColumn = start + job % columns * ${BLOCK}u;
      if (job == 0u && lane == 0u) {
      s[${PANEL_STEP}u] = f32(step + 1u);
      }
      if (firstRow < firstColumn) { return; }
      ${load("left", "firstRow", "rows")}
      ${load("right", "firstColumn", "n")}
      workgroupBarrier();
      let y = lane / ${BLOCK / 4}u;
      let x = lane % ${BLOCK / 4}u;
      ${four.map((q) => `var sum${q} = vec4f();`).join("\n")}
      for (var t = 0u; t < ${BLOCK}u; t++) {
      let a = left[t * ${BLOCK / 4}u + y];
      let b = right[t * ${BLOCK / 4}u + x];
      ${four.map((q) => `sum${q} += a[${q}] * b;`).join("\n")}
      }
      ${four
        .map(
          (q) => `if (firstRow + y * 4u + ${q}u < rows) {
      let at = ${HEADER}u + (firstRow + y * 4u + ${q}u) * n + firstColumn + x * 4u;
      ${four.map((c) => `if (firstColumn + x * 4u + ${c}u < n) {\ns[at + ${c}u] -= sum${q}[${c}];\n}`).join("\n")}
      }`,
        )
        .join("\n")}`,
  });
}

/** L^T X = Y in place, from the last block to the first; Y^T are the rows from n on. */
function substituteKernel(groups: number): Kernel {
  return defineGroupKernel({
    reads: [],
    writes: scratch,
    groups,
    workgroupSize: LANES,
    declarations: `var<workgroup> solved: array<f32, ${LANES}>;
var<workgroup> current: vec2u;`,
    body: `
      ${readSizes}
      ${uniformStep(UPDATE_STEP)}
      let blocks = (equations + ${BLOCK - 1}u) / ${BLOCK}u;
      let row = lane % ${BLOCK}u;
      let column = lane / ${BLOCK}u;
      let line = n + job * ${COLUMNS}u + column;
      let exists = line < rows;
      let own = ${HEADER}u + line * n;
      for (var back = 0u; back < blocks; back++) {
      let block = blocks - 1u - back;
      let first = block * ${BLOCK}u;
      let factor = factors + block * ${BLOCK * BLOCK}u;
      var value = 0.0;
      if (exists && first + row < n) {
      value = s[own + first + row];
      }
      let size = min(${BLOCK}u, equations - first);
      for (var done = 0u; done < size; done++) {
      let k = size - 1u - done;
      if (row == k) {
      value /= s[factor + k * ${BLOCK + 1}u];
      solved[lane] = value;
      }
      workgroupBarrier();
      if (row < k) {
      value -= s[factor + k * ${BLOCK}u + row] * solved[column * ${BLOCK}u + k];
      }
      }
      if (exists && first + row < n) {
      s[own + first + row] = value;
      }
      for (var at = row; at < first; at += ${BLOCK}u) {
      var sum = 0.0;
      for (var t = 0u; t < size; t++) {
      sum += s[${HEADER}u + (first + t) * n + at] * solved[column * ${BLOCK}u + t];
      }
      if (exists) {
      s[own + at] -= sum;
      }
      }
      storageBarrier();
      workgroupBarrier();
      }`,
  });
}
