// Convolution in groups of channels, depthwise above all, and its two gradients, by invocations that work alone: each makes four
// channels of four or eight pixels, or of one tap's weights. Channels that share a group share what is read; where each is a
// group of its own, four are read at once.
import type { Attrs } from "../../op.ts";
import type { ConvSizes } from "../../ops/conv2d.ts";
import { sizeOf } from "../../shape.ts";
import { splitInto, sumOf } from "../indexing.ts";
import { type Buffer, defineKernel, type GpuNode, type KernelLowering, type Slot, type VariantsOf } from "../kernel.ts";
import { blocksOf, four, isOnStride, Operand, overStride, signed, TILE, timesStride } from "./conv-operand.ts";
import { lowerSplit, splitSum } from "./split-sum.ts";
import { walkTap } from "./tap-walk.ts";

/** result[n, o, y, x] = sum of images[n, i, y * stride + ky - padding, x * stride + kx - padding] * weights[o, i, ky, kx], i in o's group. */
export const groupedConvKernels = (node: GpuNode<Attrs>, s: ConvSizes): VariantsOf =>
  onlyWay(() =>
    eachPixel(node, s, {
      channels: new Channels("images", s.cin, s.cout, s.groups),
      from: [s.h, s.w],
      to: [s.oh, s.ow],
      // The first channels of weights are those of the result.
      weight: (target, _base, source, _within) => [target, source],
      meets: (place, tap, length) => {
        const at = `${timesStride(place, s.stride)} + ${tap} - ${signed(s.padding)}`;
        return { at, inside: (name) => `${name} >= 0i && ${name} < ${signed(length)}` };
      },
    }),
  );

/** result[n, i, y, x] = sum of g[n, o, (y + padding - ky) / stride, (x + padding - kx) / stride] * weights[o, i, ky, kx], o in i's group. */
export const groupedInputGradKernels = (node: GpuNode<Attrs>, s: ConvSizes): VariantsOf =>
  onlyWay(() =>
    eachPixel(node, s, {
      channels: new Channels("g", s.cout, s.cin, s.groups),
      from: [s.oh, s.ow],
      to: [s.h, s.w],
      weight: (_target, base, source, within) => [`(${base} + ${source})`, within],
      meets: (place, tap, length) => ({
        at: `${place} + ${signed(s.padding)} - ${tap}`,
        inside: (name) => `${isOnStride(name, s.stride)} && ${name} < ${signed(length * s.stride)}`,
        scale: (name) => overStride(name, s.stride),
      }),
    }),
  );

const onlyWay =
  (lower: () => KernelLowering): VariantsOf =>
  () => ({ shapeClass: "in groups", variants: [{ name: "groups", lower }], preferred: "groups" });

/** How four neighbouring channels that are made find the channels of their groups that they are made from. */
class Channels {
  readonly name: string;
  /** Channels of a group, of those that are read and of those that are made. */
  readonly read: number;
  readonly made: number;
  readonly count: number;
  readonly isVector: boolean;

  constructor(name: string, read: number, made: number, groups: number) {
    this.name = name;
    this.read = read / groups;
    this.made = made / groups;
    this.count = made;
    this.isVector = this.read === 1 && this.made === 1 && made % TILE === 0;
  }

  buffer(slot: Slot): Buffer {
    return { slot, name: this.name, type: this.isVector ? "vec4f" : "f32" };
  }

  /** WGSL of the numbers of the four channels, of the first ones of their groups, and of their own places in these. */
  get declarations(): string {
    return four
      .map((index) => {
        const isInside = index === 0 || this.count % TILE === 0;
        return `let target${index} = ${isInside ? `first + ${index}u` : `min(first + ${index}u, ${this.count - 1}u)`};
        let base${index} = target${index} / ${this.made}u * ${this.read}u;
        let within${index} = target${index} % ${this.made}u;`;
      })
      .join("\n");
  }

  /** WGSL of what the four channels read at a place: the channel `source` of each one's group. */
  values(place: string, source: string): string {
    if (this.isVector) return `${this.name}[(${place} + first) / 4u]`;
    const at = (index: number) => `${this.name}[${place} + base${index} + ${source}]`;
    return this.made % TILE === 0 ? `vec4f(${at(0)})` : `vec4f(${four.map(at).join(", ")})`;
  }
}

interface Direction {
  readonly channels: Channels;
  /** Rows and columns that are read, and that are made. */
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  /** WGSL of the first two coordinates of a weight. */
  weight(target: string, base: string, source: string, within: string): [string, string];
  /** WGSL of what a tap meets along an axis, whether that is inside, and what it is divided by then. */
  meets(
    place: string,
    tap: string,
    length: number,
  ): { at: string; inside(name: string): string; scale?(name: string): string };
}

function eachPixel({ inputs, output }: GpuNode<Attrs>, s: ConvSizes, direction: Direction): KernelLowering {
  const { channels, from, to, weight, meets } = direction;
  const source = new Operand(channels.name, inputs[0]);
  const result = new Operand("result", output);
  const { strides } = inputs[1];
  const pixels = Array.from({ length: to[1] < 8 ? 4 : 8 }, (_, pixel) => pixel);
  const tiles = Math.ceil(to[1] / pixels.length);
  const row = meets("i32(y)", "ky", from[0]);
  const columns = pixels.map((p) => meets(`(i32(tile) * ${pixels.length}i + ${p}i)`, "kx", from[1]));
  const scaled = ({ scale }: typeof row, name: string) => (scale ? scale(name) : name);
  const weights = four.map((index) => {
    const [first, second] = weight(`target${index}`, `base${index}`, "c", `within${index}`);
    const place = sumOf([
      [first, strides[0]],
      [second, strides[1]],
      ["u32(ky)", strides[2]],
      ["u32(kx)", strides[3]],
    ]);
    return `weights[${place}]`;
  });
  const kernel = defineKernel({
    reads: [channels.buffer(0), { slot: 1, name: "weights", type: "f32" }],
    writes: { slot: "output", ...result.buffer },
    invocations: s.n * to[0] * tiles * blocksOf(channels.count),
    body: `
      ${splitInto("i", [
        ["image", s.n],
        ["y", to[0]],
        ["tile", tiles],
        ["block", blocksOf(channels.count)],
      ])}
      let first = block * ${TILE}u;
      ${channels.declarations}
      ${pixels.map((p) => `var sum${p} = vec4f();`).join("\n")}
      for (var ky = 0i; ky < ${signed(s.kh)}; ky++) {
      let row = ${row.at};
      if (!(${row.inside("row")})) { continue; }
      for (var kx = 0i; kx < ${signed(s.kw)}; kx++) {
      ${columns
        .map((column, p) => {
          const inside = `clamp(${scaled(column, `column${p}`)}, 0i, ${signed(from[1] - 1)})`;
          return `let column${p} = ${column.at};
      let inside${p} = ${column.inside(`column${p}`)};
      let at${p} = ${source.place("image", `u32(${scaled(row, "row")})`, `u32(${inside})`)};`;
        })
        .join("\n")}
      for (var c = 0u; c < ${channels.read}u; c++) {
      let w = vec4f(${weights.join(", ")});
      ${pixels.map((p) => `sum${p} += select(vec4f(), ${channels.values(`at${p}`, "c")}, inside${p}) * w;`).join("\n")}
      }
      }
      }
      ${pixels
        .map((p) => {
          const store = `{
      let place = ${result.place("image", "y", `(tile * ${pixels.length}u + ${p}u)`)};
      ${result.write("place", "first", `sum${p}`)}
      }`;
          const isWhole = p === 0 || to[1] % pixels.length === 0;
          return isWhole ? store : `if (tile * ${pixels.length}u + ${p}u < ${to[1]}u) ${store}`;
        })
        .join("\n")}`,
  });
  return { kernels: [kernel] };
}

/** Invocations that keep a large GPU busy; fewer and the rows of all images are summed in parts. */
const ENOUGH_INVOCATIONS = 16384;
const MIN_ROWS_PER_PART = 16;

/** result[o, i, ky, kx] = sum of g[n, o, y, x] * images[n, i, y * stride + ky - padding, x * stride + kx - padding], i in o's group. */
export const groupedWeightGradKernels = (node: GpuNode<Attrs>, s: ConvSizes): VariantsOf =>
  onlyWay(() => eachTap(node, s));

function eachTap({ inputs, output }: GpuNode<Attrs>, s: ConvSizes): KernelLowering {
  const g = new Operand("g", inputs[0]);
  const images = new Operand("images", inputs[1]);
  const channels = new Channels("images", s.cin, s.cout, s.groups);
  const size = sizeOf(output.shape);
  const taps = channels.read * s.kh * s.kw;
  const split = splitSum(s.n * s.oh, {
    each: blocksOf(s.cout) * taps,
    wanted: ENOUGH_INVOCATIONS,
    shortest: MIN_ROWS_PER_PART,
    resultSize: size,
  });
  const { parts, length, slot } = split;
  const kernel = defineKernel({
    reads: [{ slot: 0, ...g.buffer }, channels.buffer(1)],
    writes: { slot, name: "result", type: "f32" },
    invocations: parts * taps * blocksOf(s.cout),
    body: `
      ${splitInto("i", [
        ["part", parts],
        ["ky", s.kh],
        ["kx", s.kw],
        ["c", channels.read],
        ["block", blocksOf(s.cout)],
      ])}
      let first = block * ${TILE}u;
      ${channels.declarations}
      var sum = vec4f();
      ${walkTap(s, length, g, images, `sum += ${g.fourChannels("atG", "first")} * ${channels.values("atImages", "c")};`)}
      ${four
        .map((index) => {
          const place = sumOf([
            ["part", parts === 1 ? 0 : size],
            [`(first + ${index}u)`, output.strides[0]],
            ["c", output.strides[1]],
            ["ky", output.strides[2]],
            ["kx", output.strides[3]],
          ]);
          const store = `result[${place}] = sum[${index}];`;
          return index === 0 || s.cout % TILE === 0 ? store : `if (first + ${index}u < ${s.cout}u) { ${store} }`;
        })
        .join("\n")}`,
  });
  return lowerSplit(kernel, split, size);
}
