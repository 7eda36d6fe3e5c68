// Convolution and its two gradients by invocations that work alone: each makes four or eight pixels x four channels, or
// four x four weights. Right on any adapter and for any shape; the other variants are measured against it.

import type { Attrs } from "../../op.ts";
import type { ConvSizes } from "../../ops/conv2d.ts";
import { sizeOf } from "../../shape.ts";
import { splitInto, sumOf } from "../indexing.ts";
import { defineKernel, type GpuNode, type KernelLowering } from "../kernel.ts";
import { blocksOf, four, isOnStride, Operand, overStride, signed, TILE, timesStride } from "./conv-operand.ts";
import { lowerSplit, splitSum } from "./split-sum.ts";
import { walkTap } from "./tap-walk.ts";

/** Pixels of an invocation's tile: more of them share the weights that were read. */
const tilePixels = (rowLength: number) => Array.from({ length: rowLength < 8 ? 4 : 8 }, (_, pixel) => pixel);

/** WGSL of a dot product, written out: some drivers make less of `dot`. */
const dotOf = (a: string, b: string) => ["x", "y", "z", "w"].map((part) => `${a}.${part} * ${b}.${part}`).join(" + ");
/** result[n, o, y, x] = sum of images[n, i, y * stride + ky - padding, x * stride + kx - padding] * weights[o, i, ky, kx]. */
export function directConv({ inputs, output }: GpuNode<Attrs>, s: ConvSizes): KernelLowering {
  const images = new Operand("images", inputs[0]);
  const weights = new Operand("weights", inputs[1]);
  const result = new Operand("result", output);
  const pixels = tilePixels(s.ow);
  const tiles = Math.ceil(s.ow / pixels.length);
  // Four input channels at a time need both operands to have them together.
  const step = images.width === 4 && weights.width === 4 ? 4 : 1;
  const read = (operand: Operand, place: string) =>
    step === 4 || operand.width === 1 ? operand.some(place, "i") : `${operand.name}[(${place} + i) / 4u][i % 4u]`;
  const channel = (index: number) =>
    index === 0 || s.cout % TILE === 0 ? `(o + ${index}u)` : `min(o + ${index}u, ${s.cout - 1}u)`;
  const product = (pixel: number) =>
    four.map((index) => (step === 4 ? dotOf(`x${pixel}`, `w${index}`) : `x${pixel} * w${index}`)).join(", ");
  const kernel = defineKernel({
    reads: [
      { slot: 0, ...images.buffer },
      { slot: 1, ...weights.buffer },
    ],
    writes: { slot: "output", ...result.buffer },
    invocations: s.n * s.oh * tiles * blocksOf(s.cout),
    body: `
      ${splitInto("i", [
        ["image", s.n],
        ["y", s.oh],
        ["tile", tiles],
        ["block", blocksOf(s.cout)],
      ])}
      let o = block * ${TILE}u;
      ${pixels.map((p) => `var sum${p} = vec4f();`).join("\n")}
      for (var ky = 0i; ky < ${signed(s.kh)}; ky++) {
      let row = ${timesStride("i32(y)", s.stride)} + ky - ${signed(s.padding)};
      if (row < 0i || row >= ${signed(s.h)}) { continue; }
      for (var kx = 0i; kx < ${signed(s.kw)}; kx++) {
      ${pixels
        .map(
          (
            p,
          ) => `let column${p} = ${timesStride(`(i32(tile) * ${pixels.length}i + ${p}i)`, s.stride)} + kx - ${signed(s.padding)};
      let inside${p} = column${p} >= 0i && column${p} < ${signed(s.w)};
      let at${p} = ${images.place("image", "u32(row)", `u32(clamp(column${p}, 0i, ${signed(s.w - 1)}))`)};`,
        )
        .join("\n")}
      ${four.map((index) => `let from${index} = ${weights.place(channel(index), "u32(ky)", "u32(kx)")};`).join("\n")}
      for (var i = 0u; i < ${s.cin}u; i += ${step}u) {
      ${pixels.map((p) => `let x${p} = select(${step === 4 ? "vec4f()" : "0.0"}, ${read(images, `at${p}`)}, inside${p});`).join("\n")}
      ${four.map((index) => `let w${index} = ${read(weights, `from${index}`)};`).join("\n")}
      ${pixels.map((p) => `sum${p} += vec4f(${product(p)});`).join("\n")}
      }
      }
      }
      ${storeTile(result, s.ow, pixels, "o")}`,
  });
  return { kernels: [kernel] };
}

/** result[n, i, y, x] = sum of g[n, o, (y + padding - ky) / stride, (x + padding - kx) / stride] * weights[o, i, ky, kx]. */
export function directInputGrad({ inputs, output }: GpuNode<Attrs>, s: ConvSizes): KernelLowering {
  const g = new Operand("g", inputs[0]);
  const weights = new Operand("weights", inputs[1]);
  const result = new Operand("result", output);
  const pixels = tilePixels(s.w);
  const tiles = Math.ceil(s.w / pixels.length);
  const steps = four.slice(0, g.width);
  const value = (pixel: number, step: number) => (g.width === 4 ? `g${pixel}[${step}]` : `g${pixel}`);
  const kernel = defineKernel({
    reads: [
      { slot: 0, ...g.buffer },
      { slot: 1, ...weights.buffer },
    ],
    writes: { slot: "output", ...result.buffer },
    invocations: s.n * s.h * tiles * blocksOf(s.cin),
    body: `
      ${splitInto("i", [
        ["image", s.n],
        ["y", s.h],
        ["tile", tiles],
        ["block", blocksOf(s.cin)],
      ])}
      let first = block * ${TILE}u;
      ${pixels.map((p) => `var sum${p} = vec4f();`).join("\n")}
      for (var ky = 0i; ky < ${signed(s.kh)}; ky++) {
      let rowAt = i32(y) + ${signed(s.padding)} - ky;
      let row = ${overStride("rowAt", s.stride)};
      if (!(${isOnStride("rowAt", s.stride)} && row < ${signed(s.oh)})) { continue; }
      for (var kx = 0i; kx < ${signed(s.kw)}; kx++) {
      ${pixels
        .map(
          (p) => `let columnAt${p} = i32(tile) * ${pixels.length}i + ${signed(p + s.padding)} - kx;
      let column${p} = ${overStride(`columnAt${p}`, s.stride)};
      let inside${p} = ${isOnStride(`columnAt${p}`, s.stride)} && column${p} < ${signed(s.ow)};
      let at${p} = ${g.place("image", "u32(row)", `u32(clamp(column${p}, 0i, ${signed(s.ow - 1)}))`)};`,
        )
        .join("\n")}
      for (var o = 0u; o < ${s.cout}u; o += ${g.width}u) {
      ${pixels.map((p) => `let g${p} = select(${g.width === 4 ? "vec4f()" : "0.0"}, ${g.some(`at${p}`, "o")}, inside${p});`).join("\n")}
      ${steps
        .map(
          (step) => `let from${step} = ${weights.place(`(o + ${step}u)`, "u32(ky)", "u32(kx)")};
      let w${step} = ${weights.fourChannels(`from${step}`, "first")};`,
        )
        .join("\n")}
      ${pixels.map((p) => `sum${p} += ${steps.map((step) => `${value(p, step)} * w${step}`).join(" + ")};`).join("\n")}
      }
      }
      }
      ${storeTile(result, s.w, pixels, "first")}`,
  });
  return { kernels: [kernel] };
}

/** WGSL that writes an invocation's pixels of a row, those that exist. */
function storeTile(result: Operand, rowLength: number, pixels: readonly number[], channel: string): string {
  return pixels
    .map((p) => {
      const store = `{
      let place = ${result.place("image", "y", `(tile * ${pixels.length}u + ${p}u)`)};
      ${result.write("place", channel, `sum${p}`)}
      }`;
      return p === 0 || rowLength % pixels.length === 0
        ? store
        : `if (tile * ${pixels.length}u + ${p}u < ${rowLength}u) ${store}`;
    })
    .join("\n");
}

/** Invocations that keep a large GPU busy; fewer and the rows of all images are summed in parts. */
const ENOUGH_INVOCATIONS = 16384;
const MIN_ROWS_PER_PART = 16;

/** result[o, i, ky, kx] = sum of g[n, o, y, x] * images[n, i, y * stride + ky - padding, x * stride + kx - padding]. */
export function directWeightGrad({ inputs, output }: GpuNode<Attrs>, s: ConvSizes): KernelLowering {
  const g = new Operand("g", inputs[0]);
  const images = new Operand("images", inputs[1]);
  const result = new Operand("result", output);
  const size = sizeOf(output.shape);
  const tiles = blocksOf(s.cout) * blocksOf(s.cin) * s.kh * s.kw;
  const split = splitSum(s.n * s.oh, {
    each: tiles,
    wanted: ENOUGH_INVOCATIONS,
    shortest: MIN_ROWS_PER_PART,
    resultSize: size,
  });
  const { parts, length: rowsPerPart, slot } = split;
  const kernel = defineKernel({
    reads: [
      { slot: 0, ...g.buffer },
      { slot: 1, ...images.buffer },
    ],
    writes: { slot, ...result.buffer },
    invocations: parts * s.kh * s.kw * blocksOf(s.cout) * blocksOf(s.cin),
    body: `
      ${splitInto("i", [
        ["part", parts],
        ["outBlock", blocksOf(s.cout)],
        ["ky", s.kh],
        ["kx", s.kw],
        ["inBlock", blocksOf(s.cin)],
      ])}
      let o = outBlock * ${TILE}u;
      let i0 = inBlock * ${TILE}u;
      ${four.map((index) => `var sum${index} = vec4f();`).join("\n")}
      ${walkTap(
        s,
        rowsPerPart,
        g,
        images,
        `
        let outs = ${g.fourChannels("atG", "o")};
        let ins = ${images.fourChannels("atImages", "i0")};
        ${four.map((index) => `sum${index} += outs[${index}] * ins;`).join("\n")}`,
      )}
      ${four
        .map((index) => {
          const store = `{
      let place = ${sumOf([
        [`part`, parts === 1 ? 0 : size],
        [result.place(`(o + ${index}u)`, "ky", "kx"), 1],
      ])};
      ${result.write("place", "i0", `sum${index}`)}
      }`;
          return index === 0 || s.cout % TILE === 0 ? store : `if (o + ${index}u < ${s.cout}u) ${store}`;
        })
        .join("\n")}`,
  });
  return lowerSplit(kernel, split, size);
}
