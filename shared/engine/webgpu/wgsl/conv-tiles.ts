// Convolution and its two gradients as products of matrices that are never written out, tile by tile of workgroups.
import type { Attrs } from "../../op.ts";
import type { ConvSizes } from "../../ops/conv2d.ts";
import { sizeOf } from "../../shape.ts";
import { sumOf } from "../indexing.ts";
import type { GpuNode, KernelLowering } from "../kernel.ts";
import { isOnStride, Operand, overStride, signed, timesStride } from "./conv-operand.ts";
import { productTiles, TILE_STEP, type TileOperand, tiledProduct } from "./product-tiles.ts";
import { lowerSplit, splitSum } from "./split-sum.ts";

/** Workgroups that keep a large GPU busy. */
const ENOUGH_GROUPS = 256;
const MIN_STEPS_PER_PART = 16;
const whole = { parts: 1, length: 0, slot: "output" } as const;
const zeroOf = ({ width }: Operand) => (width === 4 ? "vec4f()" : "0.0");

/** WGSL that splits the number of a pixel of all images. */
const splitPixel = (pixel: string, rows: number, columns: number) => `let x = ${pixel} % ${columns}u;
let y = ${pixel} / ${columns}u % ${rows}u;
let image = ${pixel} / ${rows * columns}u;`;

/** WGSL that splits the number of a channel of a tap, channels innermost. */
const splitTap = (index: string, channels: number, s: ConvSizes) => `let channel = ${index} % ${channels}u;
let ky = i32(${index} / ${channels * s.kw}u);
let kx = i32(${index} / ${channels}u % ${s.kw}u);`;

/** WGSL that returns the images' channels which the tap at `ky`, `kx` meets at the result's pixel `y`, `x`. */
const returnImages = (images: Operand, s: ConvSizes) => `
let row = ${timesStride("i32(y)", s.stride)} + ky - ${signed(s.padding)};
let column = ${timesStride("i32(x)", s.stride)} + kx - ${signed(s.padding)};
if (row < 0i || row >= ${signed(s.h)} || column < 0i || column >= ${signed(s.w)}) { return ${zeroOf(images)}; }
return ${images.some(`(${images.place("image", "u32(row)", "u32(column)")})`, "channel")};`;

/** WGSL that writes four channels of the pixel `row`. */
const storePixel = (result: Operand, rows: number, columns: number) => `${splitPixel("row", rows, columns)}
let place = ${result.place("image", "y", "x")};
${result.write("place", "column", "values")}`;

export function tiledConv({ inputs, output }: GpuNode<Attrs>, s: ConvSizes): KernelLowering {
  const images = new Operand("images", inputs[0]);
  const weights = new Operand("weights", inputs[1]);
  const k = s.kh * s.kw * s.cin;
  const a: TileOperand = {
    buffer: { slot: 0, ...images.buffer },
    along: "summed",
    width: images.width,
    load: `${splitPixel("outer", s.oh, s.ow)}\n${splitTap("k", s.cin, s)}${returnImages(images, s)}`,
  };
  const result = new Operand("result", output);
  const product = {
    batch: 1,
    m: s.n * s.oh * s.ow,
    n: s.cout,
    k,
    a,
    b: readTaps(weights, s, "summed"),
    result: { slot: "output", ...result.buffer } as const,
    store: storePixel(result, s.oh, s.ow),
    split: { ...whole, length: k },
  };
  return { kernels: [tiledProduct(product)] };
}

export function tiledInputGrad({ inputs, output }: GpuNode<Attrs>, s: ConvSizes): KernelLowering {
  const g = new Operand("g", inputs[0]);
  const weights = new Operand("weights", inputs[1]);
  const result = new Operand("result", output);
  const k = s.kh * s.kw * s.cout;
  const a: TileOperand = {
    buffer: { slot: 0, ...g.buffer },
    along: "summed",
    width: g.width,
    load: `${splitPixel("outer", s.h, s.w)}
${splitTap("k", s.cout, s)}
let rowAt = i32(y) + ${signed(s.padding)} - ky;
let columnAt = i32(x) + ${signed(s.padding)} - kx;
let row = ${overStride("rowAt", s.stride)};
let column = ${overStride("columnAt", s.stride)};
if (!(${isOnStride("rowAt", s.stride)} && ${isOnStride("columnAt", s.stride)} && row < ${signed(s.oh)} && column < ${signed(s.ow)})) { return ${zeroOf(g)}; }
return ${g.some(`(${g.place("image", "u32(row)", "u32(column)")})`, "channel")};`,
  };
  const product = {
    batch: 1,
    m: s.n * s.h * s.w,
    n: s.cin,
    k,
    a,
    b: readTaps(weights, s, "outer"),
    result: { slot: "output", ...result.buffer } as const,
    store: storePixel(result, s.h, s.w),
    split: { ...whole, length: k },
  };
  return { kernels: [tiledProduct(product)] };
}

/** The weights as the right operand: the summed axis are the taps of the input channels, or those of the output channels. */
function readTaps(weights: Operand, s: ConvSizes, along: TileOperand["along"]): TileOperand {
  const [out, input, summed] = along === "summed" ? ["outer", "channel", s.cin] : ["channel", "outer", s.cout];
  return {
    buffer: { slot: 1, ...weights.buffer },
    along,
    width: weights.width,
    load: `${splitTap("k", summed, s)}
return ${weights.some(`(${weights.place(out, "u32(ky)", "u32(kx)")})`, input)};`,
  };
}

export function tiledWeightGrad({ inputs, output }: GpuNode<Attrs>, s: ConvSizes): KernelLowering {
  const g = new Operand("g", inputs[0]);
  const images = new Operand("images", inputs[1]);
  const result = new Operand("result", output);
  const size = sizeOf(output.shape);
  const sizes = { batch: 1, m: s.cout, n: s.kh * s.kw * s.cin, k: s.n * s.oh * s.ow };
  const steps = splitSum(Math.ceil(sizes.k / TILE_STEP), {
    each: productTiles(sizes),
    wanted: ENOUGH_GROUPS,
    shortest: MIN_STEPS_PER_PART,
    resultSize: size,
  });
  const split = { ...steps, length: steps.length * TILE_STEP };
  const kernel = tiledProduct({
    ...sizes,
    a: {
      buffer: { slot: 0, ...g.buffer },
      along: "outer",
      width: g.width,
      load: `${splitPixel("k", s.oh, s.ow)}
return ${g.some(`(${g.place("image", "y", "x")})`, "outer")};`,
    },
    b: {
      buffer: { slot: 1, ...images.buffer },
      along: "outer",
      width: images.width,
      load: `${splitPixel("k", s.oh, s.ow)}\n${splitTap("outer", s.cin, s)}${returnImages(images, s)}`,
    },
    result: { slot: split.slot, ...result.buffer },
    store: storeWeights(result, s, split.parts === 1 ? 0 : size),
    split,
  });
  return lowerSplit(kernel, split, size);
}

/** WGSL that writes the weights of `row`'s output channel for four input channels of a tap, or for four taps' channels. */
function storeWeights(result: Operand, s: ConvSizes, partSize: number): string {
  const count = s.kh * s.kw * s.cin;
  const one = (index: string, value: string) => {
    const place = sumOf([
      ["part", partSize],
      [result.place("row", "u32(ky)", "u32(kx)"), 1],
      ["channel", result.strides[1]],
    ]);
    return `${splitTap(index, s.cin, s)}
    ${result.width === 4 ? `result[(${place}) / 4u]` : `result[${place}]`} = ${value};`;
  };
  if (result.width === 4) return one("column", "values");
  return [0, 1, 2, 3]
    .map((d) => `if (column + ${d}u < ${count}u) {\n${one(`(column + ${d}u)`, `values[${d}]`)}\n}`)
    .join("\n");
}
