// How a convolution is written in ONNX. ONNX Runtime computes ONNX's own image by image as a matrix product, of copies of the
// pixels; its kernels for channels in blocks need no copies, but are there on some processors only. Without them small maps, for which the
// product is slow, are laid side by side first: a few images as one wide image with zeros between them.
import type { OnnxBuilder } from "./builder.ts";

export interface OnnxConvolution {
  readonly n: number;
  readonly cin: number;
  readonly h: number;
  readonly w: number;
  readonly cout: number;
  readonly kh: number;
  readonly kw: number;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
}

/** Pixels of a map up to which, and channels from which, the copies of the wide layout cost less than they save. */
const SMALL_MAP = 64;
const MANY_CHANNELS = 64;
const MOST_SIDE_BY_SIDE = 8;

const four = (value: number) => [value, value, value, value];

/** `inputs`: images, weights, and a bias where there is one. */
export function emitConvolution(builder: OnnxBuilder, inputs: readonly string[], s: OnnxConvolution): string {
  const block = builder.channelBlock;
  if (block !== undefined && paysInBlocks(s, block)) return emitBlocked(builder, inputs, s, block);
  const [images, ...rest] = inputs;
  const conv = (x: string) =>
    builder.node("Conv", [x, ...rest], { strides: [s.stride, s.stride], pads: four(s.padding), group: s.groups });
  const count = sideBySide(s);
  if (count === 1) return conv(images);
  const { ints } = builder;
  const [groups, width] = [s.n / count, s.w + s.padding];
  const shape = (...sizes: number[]) => ints(sizes);
  // [n, cin, h, w] -> [groups, cin, h, count (w + padding)], and back.
  const padded = builder.node("Pad", [images, ints([0, 0, 0, 0, 0, 0, 0, s.padding])]);
  const grouped = builder.node("Reshape", [padded, shape(groups, count, s.cin, s.h, width)]);
  const turned = builder.node("Transpose", [grouped], { perm: [0, 2, 3, 1, 4] });
  const wide = conv(builder.node("Reshape", [turned, shape(groups, s.cin, s.h, count * width)]));
  const parted = builder.node("Reshape", [wide, shape(groups, s.cout, s.h, count, width)]);
  const cut = builder.node("Slice", [parted, ints([0]), ints([s.w]), ints([4])]);
  const back = builder.node("Transpose", [cut], { perm: [0, 3, 1, 2, 4] });
  return builder.node("Reshape", [back, shape(s.n, s.cout, s.h, s.w)]);
}

/** The domain of ONNX Runtime's ops on channels in blocks: [n, c / block, h, w, block]. */
export const BLOCKED = "com.microsoft.nchwc";

/** Pixels of all results together from which the kernels save more than it costs to lay out the weights. */
const MANY_PIXELS = 512;

const paysInBlocks = ({ n, cin, h, w, cout, kh, kw, stride, groups }: OnnxConvolution, block: number): boolean =>
  groups === 1 && stride === 1 && kh * kw > 1 && cin % block === 0 && cout % block === 0 && n * h * w >= MANY_PIXELS;

function emitBlocked(
  builder: OnnxBuilder,
  [images, weights, ...bias]: readonly string[],
  { cin, cout, kh, kw, stride, padding }: OnnxConvolution,
  block: number,
): string {
  const { ints } = builder;
  // [cout, cin, taps] -> [cout / block, cin / block, taps, block of cin, block of cout]; one axis after the other is faster.
  const rows = builder.node("Reshape", [weights, ints([cout / block, block, cin * kh * kw])]);
  const outputsLast = builder.node("Transpose", [rows], { perm: [0, 2, 1] });
  const blocks = builder.node("Reshape", [outputsLast, ints([(cout * cin) / block ** 2, block, kh * kw, block])]);
  const tapsFirst = builder.node("Transpose", [blocks], { perm: [0, 2, 1, 3] });
  const kernel = builder.node("Reshape", [tapsFirst, ints([cout, cin, kh, kw])]);
  const blocked = builder.node("ReorderInput", [images], { channels_last: 0 }, BLOCKED);
  const settings = {
    kernel_shape: [kh, kw],
    strides: [stride, stride],
    dilations: [1, 1],
    pads: four(padding),
    group: 1,
  };
  const result = builder.node("Conv", [blocked, kernel, ...bias], settings, BLOCKED);
  return builder.node("ReorderOutput", [result], { channels: cout, channels_last: 0 }, BLOCKED);
}

/** How many images make one wide image: a divisor of their number; 1 where nothing is gained or the result has other sides. */
function sideBySide({ n, cin, h, w, cout, kh, kw, stride, padding, groups }: OnnxConvolution): number {
  const keepsSides = stride === 1 && kh === kw && kh === 2 * padding + 1;
  if (groups > 1 || !keepsSides || padding === 0 || h * w > SMALL_MAP || Math.min(cin, cout) < MANY_CHANNELS) return 1;
  let count = Math.min(n, MOST_SIDE_BY_SIDE);
  while (n % count !== 0) count--;
  return count;
}
