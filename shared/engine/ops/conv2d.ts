// Convolution and its two gradients. The three are closed under differentiation: each is bilinear, and the gradient of
// each with respect to either operand is one of the other two. With `groups`, each group of output channels sees its own group of
// input channels alone; as many groups as channels make it depthwise.
import { ShapeError } from "../errors.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { emitConvolution } from "../onnx/convolution.ts";
import { definePrimitive, type NodeView, type Primitive, type ReferenceArray, type TensorType } from "../op.ts";
import { addProduct, transposed } from "../reference/product.ts";
import { formatShape } from "../shape.ts";
import { rowByFirst, sumOverRows } from "../slices.ts";
import { convInputGradKernels, convKernels } from "../webgpu/wgsl/conv.ts";
import { groupedConvKernels, groupedInputGradKernels, groupedWeightGradKernels } from "../webgpu/wgsl/conv-grouped.ts";
import { convWeightGradKernels } from "../webgpu/wgsl/conv-weight-grad.ts";

/** `groups` is left out where there is one. */
export type ConvAttrs = { stride: number; padding: number; groups?: number };
/** The sizes that an adjoint cannot read off its operands: the image's sides, or the kernel's. */
export type ConvAdjointAttrs = ConvAttrs & { sides: readonly number[] };

/** All sizes of one convolution: images [n, cin, h, w], weights [cout, cin / groups, kh, kw], result [n, cout, oh, ow]. */
export interface ConvSizes extends ConvAttrs {
  readonly groups: number;
  readonly n: number;
  readonly cin: number;
  readonly h: number;
  readonly w: number;
  readonly cout: number;
  readonly kh: number;
  readonly kw: number;
  readonly oh: number;
  readonly ow: number;
}

export function convSizes(images: readonly number[], weights: readonly number[], attrs: ConvAttrs): ConvSizes {
  const [n, cin, h, w] = images;
  const [cout, , kh, kw] = weights;
  const { stride, padding, groups = 1 } = attrs;
  const oh = Math.floor((h + 2 * padding - kh) / stride) + 1;
  const ow = Math.floor((w + 2 * padding - kw) / stride) + 1;
  return { n, cin, h, w, cout, kh, kw, oh, ow, stride, padding, groups };
}

/** The sizes of one group, which is a convolution of its own. */
const groupOf = (s: ConvSizes): ConvSizes => ({ ...s, cin: s.cin / s.groups, cout: s.cout / s.groups, groups: 1 });

/** Settings without sizes: those of a convolution, or of another adjoint. */
const settingsOf = ({ stride, padding, groups }: ConvAttrs): ConvAttrs => ({
  stride,
  padding,
  ...(groups === undefined ? {} : { groups }),
});

function checkFourAxes(op: string, inputs: readonly TensorType[]): void {
  for (const { shape, dtype } of inputs) {
    if (shape.length !== 4 || dtype !== "f32") {
      throw new ShapeError(op, `needs f32 with four axes, was given ${dtype}${formatShape(shape)}`);
    }
  }
}

function checkGroups(op: string, { cin, cout, groups }: ConvSizes): void {
  if (!Number.isInteger(groups) || groups < 1 || cin % groups !== 0 || cout % groups !== 0) {
    throw new ShapeError(op, `${groups} groups do not divide ${cin} input and ${cout} output channels`);
  }
}

function checkFit(op: string, s: ConvSizes, cinOfWeights: number): void {
  checkGroups(op, s);
  if (s.cin !== cinOfWeights * s.groups) {
    const taken = s.groups === 1 ? cinOfWeights : `${cinOfWeights} in each of ${s.groups} groups`;
    throw new ShapeError(op, `images have ${s.cin} channels, weights take ${taken}`);
  }
  if (s.oh < 1 || s.ow < 1) {
    throw new ShapeError(op, `a ${s.kh}x${s.kw} kernel does not fit ${s.h}x${s.w} pixels with padding ${s.padding}`);
  }
}

/**
 * Calls `visit` for every tap of the kernel over every pixel of one image's result, where it reads a pixel of the image and not
 * the padding: the flat offsets in the image, and in a matrix [cin kh kw, oh ow] of all taps.
 */
function eachTap(s: ConvSizes, visit: (pixel: number, tap: number) => void): void {
  for (let i = 0; i < s.cin; i++)
    for (let ky = 0; ky < s.kh; ky++)
      for (let kx = 0; kx < s.kw; kx++)
        for (let y = 0; y < s.oh; y++) {
          const row = y * s.stride + ky - s.padding;
          if (row < 0 || row >= s.h) continue;
          const from = (i * s.h + row) * s.w + kx - s.padding;
          const to = (((i * s.kh + ky) * s.kw + kx) * s.oh + y) * s.ow;
          for (let x = 0; x < s.ow; x++) {
            const column = x * s.stride + kx - s.padding;
            if (column >= 0 && column < s.w) visit(from + x * s.stride, to + x);
          }
        }
}

/** One of so many equal parts of an array. */
const partOf = (data: ReferenceArray, part: number, parts: number) =>
  data.subarray((part * data.length) / parts, ((part + 1) * data.length) / parts);

/**
 * Calls `visit` for each group of each image: the sizes of a group, functions that take its part of images or results and of weights,
 * which all groups lie in one after the other.
 */
function eachGroup(
  s: ConvSizes,
  visit: (
    group: ConvSizes,
    ofImages: (data: ReferenceArray) => ReferenceArray,
    ofWeights: (data: ReferenceArray) => ReferenceArray,
  ) => void,
): void {
  const group = groupOf(s);
  for (let part = 0; part < s.n * s.groups; part++) {
    visit(
      group,
      (data) => partOf(data, part, s.n * s.groups),
      (data) => partOf(data, part % s.groups, s.groups),
    );
  }
}

/** Elements of the matrix of all taps of one image and group. */
const tapsOf = (s: ConvSizes) => (s.cin / s.groups) * s.kh * s.kw * s.oh * s.ow;

const four = (value: number) => [value, value, value, value];

/** Images, input channels, rows, columns, output channels, kernel, stride, padding, groups. */
const groupedCases = [
  [2, 4, 5, 6, 4, 3, 1, 1, 4],
  [2, 3, 7, 5, 3, 3, 2, 1, 3],
  [3, 8, 9, 10, 8, 5, 2, 2, 8],
  [2, 3, 6, 5, 6, 3, 1, 0, 3],
  [2, 6, 5, 5, 4, 3, 2, 1, 2],
  [17, 16, 4, 4, 8, 1, 1, 0, 2],
  [1, 8, 11, 6, 24, 3, 1, 1, 2],
];

export const conv2d = definePrimitive<ConvAttrs>({
  name: "conv2d",
  infer: (inputs, attrs) => {
    checkFourAxes("conv2d", inputs);
    const [x, weights] = inputs;
    const s = convSizes(x.shape, weights.shape, attrs);
    checkFit("conv2d", s, weights.shape[1]);
    return { shape: [s.n, s.cout, s.oh, s.ow], dtype: "f32" };
  },
  vjp: ({ inputs: [x, weights], cotangent: g, attrs }) => [
    g.apply(convInputGrad, [weights], { ...attrs, sides: x.shape.slice(2) }),
    g.apply(convWeightGrad, [x], { ...attrs, sides: weights.shape.slice(2) }),
  ],
  reference: ({ inputs, attrs }, [x, weights], out) => {
    // out [cout, pixels] = weights [cout, taps] x's taps [taps, pixels], image by image and group by group.
    const all = convSizes(inputs[0].shape, inputs[1].shape, attrs);
    const taps = new Float64Array(tapsOf(all));
    out.fill(0);
    eachGroup(all, (s, ofImages, ofWeights) => {
      const image = ofImages(x);
      eachTap(s, (pixel, tap) => void (taps[tap] = image[pixel]));
      addProduct({ m: s.cout, k: s.cin * s.kh * s.kw, n: s.oh * s.ow }, ofWeights(weights), taps, ofImages(out));
    });
  },
  onnx: (builder, node, names) =>
    emitConvolution(builder, names, convSizes(node.inputs[0].shape, node.inputs[1].shape, node.attrs)),
  webgpu: (node) => {
    const s = convSizes(node.inputs[0].shape, node.inputs[1].shape, node.attrs);
    return s.groups === 1 ? convKernels(node, s) : groupedConvKernels(node, s);
  },
  slices: rowByFirst,
  samples: [
    [1, 1, 5, 6, 4, 1, 1, 0],
    [2, 3, 7, 5, 32, 3, 1, 1],
    [17, 5, 4, 4, 3, 3, 1, 1],
    [2, 1, 28, 28, 2, 3, 1, 3],
    [2, 32, 4, 4, 5, 5, 1, 2],
    [2, 3, 9, 8, 4, 3, 2, 1],
    [1, 4, 6, 6, 8, 1, 2, 0],
    [1, 8, 8, 8, 8, 3, 1, 1],
    [17, 5, 6, 7, 3, 5, 1, 2],
    [6, 64, 3, 5, 65, 3, 1, 1],
    [5, 16, 9, 12, 32, 3, 1, 1],
    ...groupedCases,
  ].map(([n, cin, h, w, cout, k, stride, padding, groups]) => ({
    inputs: [{ shape: [n, cin, h, w] }, { shape: [cout, cin / (groups ?? 1), k, k] }],
    attrs: { stride, padding, ...(groups ? { groups } : {}) },
  })),
  badSamples: [
    {
      inputs: [
        { shape: [1, 2, 5, 5], dtype: "f32" },
        { shape: [4, 3, 3, 3], dtype: "f32" },
      ],
      attrs: { stride: 1, padding: 1 },
      why: /images have 2 channels, weights take 3/,
    },
    {
      inputs: [
        { shape: [1, 6, 5, 5], dtype: "f32" },
        { shape: [4, 2, 3, 3], dtype: "f32" },
      ],
      attrs: { stride: 1, padding: 1, groups: 2 },
      why: /images have 6 channels, weights take 2 in each of 2 groups/,
    },
    {
      inputs: [
        { shape: [1, 6, 5, 5], dtype: "f32" },
        { shape: [4, 2, 3, 3], dtype: "f32" },
      ],
      attrs: { stride: 1, padding: 1, groups: 3 },
      why: /3 groups do not divide 6 input and 4 output channels/,
    },
    {
      inputs: [
        { shape: [1, 2, 2, 2], dtype: "f32" },
        { shape: [4, 2, 3, 3], dtype: "f32" },
      ],
      attrs: { stride: 1, padding: 0 },
      why: /3x3 kernel does not fit 2x2/,
    },
  ],
});

/** One case of either adjoint: a convolution's images and weights, the shape of its result, and what an adjoint is told. */
const adjointCases = [
  [2, 3, 7, 5, 4, 3, 1, 1],
  [2, 1, 28, 28, 2, 3, 1, 3],
  [1, 32, 4, 4, 5, 5, 1, 2],
  [2, 3, 9, 8, 4, 3, 2, 1],
  [17, 2, 3, 3, 1, 1, 1, 0],
  [17, 5, 6, 7, 3, 5, 1, 2],
  [6, 64, 3, 5, 65, 3, 1, 1],
  [5, 16, 9, 12, 32, 3, 1, 1],
  ...groupedCases,
].map(([n, cin, h, w, cout, k, stride, padding, groups]) => {
  const attrs = { stride, padding, ...(groups ? { groups } : {}) };
  const [images, weights] = [
    [n, cin, h, w],
    [cout, cin / (groups ?? 1), k, k],
  ];
  const { oh, ow } = convSizes(images, weights, attrs);
  return { images, weights, g: [n, cout, oh, ow], sides: [h, w], kernel: [k, k], attrs };
});

/** Sizes for the adjoint to the images: operands g [n, cout, oh, ow], weights [cout, cin / groups, kh, kw]. */
export function convInputGradSizes({
  inputs: [g, weights],
  attrs,
}: Pick<NodeView<ConvAdjointAttrs>, "inputs" | "attrs">): ConvSizes {
  return convSizes([g.shape[0], weights.shape[1] * (attrs.groups ?? 1), ...attrs.sides], weights.shape, attrs);
}

/** Adjoint of conv2d to its images: g [n, cout, oh, ow], weights [cout, cin / groups, kh, kw] -> [n, cin, ...sides]. */
export const convInputGrad: Primitive<ConvAdjointAttrs> = definePrimitive<ConvAdjointAttrs>({
  name: "convInputGrad",
  infer: (inputs, attrs) => {
    checkFourAxes("convInputGrad", inputs);
    const s = convInputGradSizes({ inputs, attrs });
    checkGroups("convInputGrad", s);
    checkResult("convInputGrad", inputs[0], s);
    return { shape: [s.n, s.cin, s.h, s.w], dtype: "f32" };
  },
  vjp: ({ inputs: [g, weights], cotangent, attrs }) => [
    cotangent.apply(conv2d, [weights], settingsOf(attrs)),
    g.apply(convWeightGrad, [cotangent], { ...settingsOf(attrs), sides: weights.shape.slice(2) }),
  ],
  reference: (node, [g, weights], out) => {
    // taps [taps, pixels] = weights^T [taps, cout] g [cout, pixels]; each tap is added to its pixel.
    const all = convInputGradSizes(node);
    const taps = new Float64Array(tapsOf(all));
    out.fill(0);
    eachGroup(all, (s, ofImages, ofWeights) => {
      const sizes = { m: s.cin * s.kh * s.kw, k: s.cout, n: s.oh * s.ow };
      const image = ofImages(out);
      addProduct(sizes, transposed(ofWeights(weights), sizes.k, sizes.m), ofImages(g), taps.fill(0));
      eachTap(s, (pixel, tap) => void (image[pixel] += taps[tap]));
    });
  },
  onnx: (builder, node, [g, weights]) => {
    const s = convInputGradSizes(node);
    const margin = s.kh - 1 - s.padding;
    if (s.stride === 1 && s.kh === s.kw && margin >= 0) {
      // With stride 1 the adjoint is a convolution with the turned, transposed kernel: the fastest form on a CPU.
      const { ints } = builder;
      const turned = builder.node("Slice", [
        weights,
        ints([-1, -1]),
        ints([-(2 ** 31), -(2 ** 31)]),
        ints([2, 3]),
        ints([-1, -1]),
      ]);
      const kernel = swapInGroups(builder, turned, s);
      const turnedSizes = { ...s, cin: s.cout, cout: s.cin, h: s.oh, w: s.ow, padding: margin };
      return emitConvolution(builder, [g, kernel], turnedSizes);
    }
    const rest = (side: number, result: number, k: number) => side - ((result - 1) * s.stride - 2 * s.padding + k);
    return builder.node("ConvTranspose", [g, weights], {
      strides: [s.stride, s.stride],
      pads: four(s.padding),
      group: s.groups,
      output_padding: [rest(s.h, s.oh, s.kh), rest(s.w, s.ow, s.kw)],
    });
  },
  webgpu: (node) => {
    const s = convInputGradSizes(node);
    return s.groups === 1 ? convInputGradKernels(node, s) : groupedInputGradKernels(node, s);
  },
  slices: rowByFirst,
  samples: adjointCases.map(({ g, weights, sides, attrs }) => ({
    inputs: [{ shape: g }, { shape: weights }],
    attrs: { ...attrs, sides },
  })),
  badSamples: [
    {
      inputs: [
        { shape: [1, 4, 5, 5], dtype: "f32" },
        { shape: [4, 2, 3, 3], dtype: "f32" },
      ],
      attrs: { stride: 1, padding: 0, sides: [5, 5] },
      why: /\[1,4,5,5\] is not the result/,
    },
    {
      inputs: [
        { shape: [1, 4, 5, 5], dtype: "f32" },
        { shape: [4, 2, 3, 3], dtype: "f32" },
      ],
      attrs: { stride: 1, padding: 1, groups: 3, sides: [5, 5] },
      why: /3 groups do not divide 6 input and 4 output channels/,
    },
  ],
});

/** Sizes for the adjoint to the weights: operands g [n, cout, oh, ow], images [n, cin, h, w]. */
export function convWeightGradSizes({
  inputs: [g, x],
  attrs,
}: Pick<NodeView<ConvAdjointAttrs>, "inputs" | "attrs">): ConvSizes {
  return convSizes(x.shape, [g.shape[1], x.shape[1] / (attrs.groups ?? 1), ...attrs.sides], attrs);
}

/** Adjoint of conv2d to its weights: g [n, cout, oh, ow], images [n, cin, h, w] -> [cout, cin / groups, ...sides]. */
export const convWeightGrad: Primitive<ConvAdjointAttrs> = definePrimitive<ConvAdjointAttrs>({
  name: "convWeightGrad",
  infer: (inputs, attrs) => {
    checkFourAxes("convWeightGrad", inputs);
    const s = convWeightGradSizes({ inputs, attrs });
    checkGroups("convWeightGrad", s);
    checkResult("convWeightGrad", inputs[0], s);
    return { shape: [s.cout, s.cin / s.groups, s.kh, s.kw], dtype: "f32" };
  },
  vjp: ({ inputs: [g, x], cotangent, attrs }) => [
    x.apply(conv2d, [cotangent], settingsOf(attrs)),
    g.apply(convInputGrad, [cotangent], { ...settingsOf(attrs), sides: x.shape.slice(2) }),
  ],
  reference: (node, [g, x], out) => {
    // out [cout, taps] = sum over images of g [cout, pixels] (x's taps)^T [pixels, taps].
    const all = convWeightGradSizes(node);
    const taps = new Float64Array(tapsOf(all));
    out.fill(0);
    eachGroup(all, (s, ofImages, ofWeights) => {
      const sizes = { m: s.cout, k: s.oh * s.ow, n: s.cin * s.kh * s.kw };
      const image = ofImages(x);
      eachTap(s, (pixel, tap) => void (taps[tap] = image[pixel]));
      addProduct(sizes, ofImages(g), transposed(taps, sizes.n, sizes.k), ofWeights(out));
    });
  },
  onnx: (builder, node, [g, x]) => {
    const s = convWeightGradSizes(node);
    if (s.groups > 1) return emitGroupedWeightGrad(builder, [g, x], s);
    const { ints } = builder;
    const emitTaps = s.cin < FEW_CHANNELS ? emitProductPerImage : emitProductPerTap;
    const turned = builder.node("Transpose", [emitTaps(builder, [g, x], s)], { perm: [0, 2, 1] });
    return builder.node("Reshape", [turned, ints([s.cout, s.cin, s.kh, s.kw])]);
  },
  webgpu: (node) => {
    const s = convWeightGradSizes(node);
    return s.groups === 1 ? convWeightGradKernels(node, s) : groupedWeightGradKernels(node, s);
  },
  slices: sumOverRows,
  samples: adjointCases.map(({ g, images, kernel, attrs }) => ({
    inputs: [{ shape: g }, { shape: images }],
    attrs: { ...attrs, sides: kernel },
  })),
  badSamples: [
    {
      inputs: [
        { shape: [2, 4, 5, 5], dtype: "f32" },
        { shape: [2, 2, 5, 5], dtype: "f32" },
      ],
      attrs: { stride: 1, padding: 0, sides: [3, 3] },
      why: /\[2,4,5,5\] is not the result/,
    },
    {
      inputs: [
        { shape: [2, 4, 5, 5], dtype: "f32" },
        { shape: [2, 3, 5, 5], dtype: "f32" },
      ],
      attrs: { stride: 1, padding: 1, groups: 2, sides: [3, 3] },
      why: /2 groups do not divide 3 input and 4 output channels/,
    },
  ],
});

/** Weights [cout, cin / groups, kh, kw] with the channels of each group swapped: [cin, cout / groups, kh, kw]. */
function swapInGroups(builder: OnnxBuilder, weights: string, s: ConvSizes): string {
  const { ints } = builder;
  if (s.groups === 1) return builder.node("Transpose", [weights], { perm: [1, 0, 2, 3] });
  const { cin, cout } = groupOf(s);
  const parted = builder.node("Reshape", [weights, ints([s.groups, cout, cin, s.kh * s.kw])]);
  const swapped = builder.node("Transpose", [parted], { perm: [0, 2, 1, 3] });
  return builder.node("Reshape", [swapped, ints([s.cin, cout, s.kh, s.kw])]);
}

/** The pixels that each tap of the kernel reads, of an array whose rows and columns are axes `at` and `at` + 1 of four. */
function emitWindows(builder: OnnxBuilder, x: string, s: ConvSizes, at: number): string[] {
  const { ints } = builder;
  const p = s.padding;
  const margin = [0, 1, 2, 3].map((axis) => (axis === at || axis === at + 1 ? p : 0));
  const padded = p === 0 ? x : builder.node("Pad", [x, ints([...margin, ...margin])]);
  const axes = ints([at, at + 1]);
  const windows: string[] = [];
  for (let ky = 0; ky < s.kh; ky++) {
    for (let kx = 0; kx < s.kw; kx++) {
      const stop = [ky + (s.oh - 1) * s.stride + 1, kx + (s.ow - 1) * s.stride + 1];
      windows.push(builder.node("Slice", [padded, ints([ky, kx]), ints(stop), axes, ints([s.stride, s.stride])]));
    }
  }
  return windows;
}

/**
 * The weight gradient as [cout, taps, cin]: a matrix product over all pixels of all images for each tap. Images come last, since
 * ONNX Runtime cuts windows piece by piece on one thread: a row of a window of all images is one piece.
 */
function emitProductPerTap(builder: OnnxBuilder, [g, x]: readonly string[], s: ConvSizes): string {
  const { ints } = builder;
  const pixels = s.n * s.oh * s.ow;
  const imagesLast = (array: string) => builder.node("Transpose", [array], { perm: [1, 2, 3, 0] });
  const rows = builder.node("Reshape", [imagesLast(g), ints([s.cout, pixels])]);
  const products = emitWindows(builder, imagesLast(x), s, 1).map((window) => {
    const columns = builder.node("Reshape", [window, ints([s.cin, pixels])]);
    const product = builder.node("Gemm", [rows, columns], { transB: 1 });
    return builder.node("Reshape", [product, ints([s.cout, 1, s.cin])]);
  });
  return join(builder, products, 1);
}

/**
 * The same where there are so few input channels that a tap's product would be a column or so: a product with all taps for each
 * image, which needs no copy of g, and their sum.
 */
function emitProductPerImage(builder: OnnxBuilder, [g, x]: readonly string[], s: ConvSizes): string {
  const { ints } = builder;
  const [taps, pixels] = [s.kh * s.kw, s.oh * s.ow];
  const windows = join(builder, emitWindows(builder, x, s, 2), 1);
  const rows = builder.node("Reshape", [g, ints([s.n, s.cout, pixels])]);
  const columns = builder.node("Reshape", [windows, ints([s.n, taps * s.cin, pixels])]);
  const products = builder.node("FusedMatMul", [rows, columns], { transB: 1 }, "com.microsoft");
  const sum = builder.node("ReduceSum", [products, ints([0])], { keepdims: 0 });
  return builder.node("Reshape", [sum, ints([s.cout, taps, s.cin])]);
}

/**
 * A convolution over the batch: the images, one input channel of every group at a time, with g as the kernel, whose taps are
 * as far apart as the stride.
 */
function emitGroupedWeightGrad(builder: OnnxBuilder, [g, x]: readonly string[], s: ConvSizes): string {
  const { ints } = builder;
  const { cin } = groupOf(s);
  // [n, groups, cin, h, w] -> [cin, groups n, h, w], and g [n, cout, oh, ow] -> [cout, n, oh, ow].
  const parted = builder.node("Reshape", [x, ints([s.n, s.groups, cin, s.h, s.w])]);
  const turned = builder.node("Transpose", [parted], { perm: [2, 1, 0, 3, 4] });
  const images = builder.node("Reshape", [turned, ints([cin, s.groups * s.n, s.h, s.w])]);
  const kernel = builder.node("Transpose", [g], { perm: [1, 0, 2, 3] });
  const all = builder.node("Conv", [images, kernel], {
    dilations: [s.stride, s.stride],
    pads: four(s.padding),
    group: s.groups,
  });
  // Rows and columns that the stride left out gave taps of their own.
  const taps = builder.node("Slice", [all, ints([0, 0]), ints([s.kh, s.kw]), ints([2, 3])]);
  return builder.node("Transpose", [taps], { perm: [1, 0, 2, 3] });
}

/** Input channels from which a product per tap is as fast as one of all taps, and needs no copy of them. */
const FEW_CHANNELS = 8;

const join = (builder: OnnxBuilder, names: readonly string[], axis: number) =>
  names.length === 1 ? names[0] : builder.node("Concat", names, { axis });

function checkResult(op: string, g: TensorType, s: ConvSizes): void {
  const result = [s.n, s.cout, s.oh, s.ow];
  if (result.some((length, axis) => length !== g.shape[axis])) {
    throw new ShapeError(
      op,
      `${formatShape(g.shape)} is not the result of this convolution, which is ${formatShape(result)}`,
    );
  }
}
