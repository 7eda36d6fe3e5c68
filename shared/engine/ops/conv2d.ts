// Convolution and its two gradients. The three are closed under differentiation: each is bilinear, and the gradient of
// each with respect to either operand is one of the other two.
import { ShapeError } from "../errors.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { emitConvolution } from "../onnx/convolution.ts";
import { definePrimitive, type NodeView, type Primitive, type ReferenceArray, type TensorType } from "../op.ts";
import { addProduct, transposed } from "../reference/product.ts";
import { formatShape } from "../shape.ts";
import { rowByFirst, sumOverRows } from "../slices.ts";
import { convKernels } from "../webgpu/wgsl/conv.ts";
import { convInputGradKernels } from "../webgpu/wgsl/conv-input-grad.ts";
import { convWeightGradKernels } from "../webgpu/wgsl/conv-weight-grad.ts";

export type ConvAttrs = { stride: number; padding: number };
/** The sizes that an adjoint cannot read off its operands: the image's sides, or the kernel's. */
export type ConvAdjointAttrs = ConvAttrs & { sides: readonly number[] };

/** All sizes of one convolution: images [n, cin, h, w], weights [cout, cin, kh, kw], result [n, cout, oh, ow]. */
export interface ConvSizes extends ConvAttrs {
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
  const { stride, padding } = attrs;
  const oh = Math.floor((h + 2 * padding - kh) / stride) + 1;
  const ow = Math.floor((w + 2 * padding - kw) / stride) + 1;
  return { n, cin, h, w, cout, kh, kw, oh, ow, stride, padding };
}

function checkFourAxes(op: string, inputs: readonly TensorType[]): void {
  for (const { shape, dtype } of inputs) {
    if (shape.length !== 4 || dtype !== "f32") {
      throw new ShapeError(op, `needs f32 with four axes, was given ${dtype}${formatShape(shape)}`);
    }
  }
}

function checkFit(op: string, s: ConvSizes, cinOfWeights: number): void {
  if (s.cin !== cinOfWeights) {
    throw new ShapeError(op, `images have ${s.cin} channels, weights take ${cinOfWeights}`);
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

/** Image n's part of an array with one equal part an image. */
const partOf = (data: ReferenceArray, n: number, s: ConvSizes) =>
  data.subarray((n * data.length) / s.n, ((n + 1) * data.length) / s.n);

const four = (value: number) => [value, value, value, value];

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
    // out [cout, pixels] = weights [cout, taps] x's taps [taps, pixels], image by image.
    const s = convSizes(inputs[0].shape, inputs[1].shape, attrs);
    const sizes = { m: s.cout, k: s.cin * s.kh * s.kw, n: s.oh * s.ow };
    const taps = new Float64Array(sizes.k * sizes.n);
    out.fill(0);
    for (let n = 0; n < s.n; n++) {
      const image = partOf(x, n, s);
      eachTap(s, (pixel, tap) => void (taps[tap] = image[pixel]));
      addProduct(sizes, weights, taps, partOf(out, n, s));
    }
  },
  onnx: (builder, node, names) =>
    emitConvolution(builder, names, convSizes(node.inputs[0].shape, node.inputs[1].shape, node.attrs)),
  webgpu: (node) => convKernels(node, convSizes(node.inputs[0].shape, node.inputs[1].shape, node.attrs)),
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
  ].map(([n, cin, h, w, cout, k, stride, padding]) => ({
    inputs: [{ shape: [n, cin, h, w] }, { shape: [cout, cin, k, k] }],
    attrs: { stride, padding },
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
].map(([n, cin, h, w, cout, k, stride, padding]) => {
  const [images, weights, attrs] = [[n, cin, h, w], [cout, cin, k, k], { stride, padding }];
  const { oh, ow } = convSizes(images, weights, attrs);
  return { images, weights, g: [n, cout, oh, ow], sides: [h, w], kernel: [k, k], attrs };
});

/** Sizes for the adjoint to the images: operands g [n, cout, oh, ow], weights [cout, cin, kh, kw]. */
export function convInputGradSizes({ inputs: [g, weights], attrs }: NodeView<ConvAdjointAttrs>): ConvSizes {
  return convSizes([g.shape[0], weights.shape[1], ...attrs.sides], weights.shape, attrs);
}

/** Adjoint of conv2d to its images: g [n, cout, oh, ow], weights -> [n, cin, ...sides]. */
export const convInputGrad: Primitive<ConvAdjointAttrs> = definePrimitive<ConvAdjointAttrs>({
  name: "convInputGrad",
  infer: (inputs, attrs) => {
    checkFourAxes("convInputGrad", inputs);
    const [g, weights] = inputs;
    const s = convSizes([g.shape[0], weights.shape[1], ...attrs.sides], weights.shape, attrs);
    checkResult("convInputGrad", g, s);
    return { shape: [s.n, s.cin, s.h, s.w], dtype: "f32" };
  },
  vjp: ({ inputs: [g, weights], cotangent, attrs: { stride, padding } }) => [
    cotangent.conv2d(weights, { stride, padding }),
    g.apply(convWeightGrad, [cotangent], { stride, padding, sides: weights.shape.slice(2) }),
  ],
  reference: (node, [g, weights], out) => {
    // taps [taps, pixels] = weights^T [taps, cout] g [cout, pixels]; each tap is added to its pixel.
    const s = convInputGradSizes(node);
    const sizes = { m: s.cin * s.kh * s.kw, k: s.cout, n: s.oh * s.ow };
    const turned = transposed(weights, sizes.k, sizes.m);
    const taps = new Float64Array(sizes.m * sizes.n);
    out.fill(0);
    for (let n = 0; n < s.n; n++) {
      const image = partOf(out, n, s);
      addProduct(sizes, turned, partOf(g, n, s), taps.fill(0));
      eachTap(s, (pixel, tap) => void (image[pixel] += taps[tap]));
    }
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
      const kernel = builder.node("Transpose", [turned], { perm: [1, 0, 2, 3] });
      const turnedSizes = { ...s, cin: s.cout, cout: s.cin, h: s.oh, w: s.ow, padding: margin };
      return emitConvolution(builder, [g, kernel], turnedSizes);
    }
    const rest = (side: number, result: number, k: number) => side - ((result - 1) * s.stride - 2 * s.padding + k);
    return builder.node("ConvTranspose", [g, weights], {
      strides: [s.stride, s.stride],
      pads: four(s.padding),
      output_padding: [rest(s.h, s.oh, s.kh), rest(s.w, s.ow, s.kw)],
    });
  },
  webgpu: (node) => convInputGradKernels(node, convInputGradSizes(node)),
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
  ],
});

/** Sizes for the adjoint to the weights: operands g [n, cout, oh, ow], images [n, cin, h, w]. */
export function convWeightGradSizes({ inputs: [g, x], attrs }: NodeView<ConvAdjointAttrs>): ConvSizes {
  return convSizes(x.shape, [g.shape[1], x.shape[1], ...attrs.sides], attrs);
}

/** Adjoint of conv2d to its weights: g [n, cout, oh, ow], images [n, cin, h, w] -> [cout, cin, ...sides]. */
export const convWeightGrad: Primitive<ConvAdjointAttrs> = definePrimitive<ConvAdjointAttrs>({
  name: "convWeightGrad",
  infer: (inputs, attrs) => {
    checkFourAxes("convWeightGrad", inputs);
    const [g, x] = inputs;
    const s = convSizes(x.shape, [g.shape[1], x.shape[1], ...attrs.sides], attrs);
    checkResult("convWeightGrad", g, s);
    return { shape: [s.cout, s.cin, s.kh, s.kw], dtype: "f32" };
  },
  vjp: ({ inputs: [g, x], cotangent, attrs: { stride, padding } }) => [
    x.conv2d(cotangent, { stride, padding }),
    g.apply(convInputGrad, [cotangent], { stride, padding, sides: x.shape.slice(2) }),
  ],
  reference: (node, [g, x], out) => {
    // out [cout, taps] = sum over images of g [cout, pixels] (x's taps)^T [pixels, taps].
    const s = convWeightGradSizes(node);
    const sizes = { m: s.cout, k: s.oh * s.ow, n: s.cin * s.kh * s.kw };
    const taps = new Float64Array(sizes.k * sizes.n);
    out.fill(0);
    for (let n = 0; n < s.n; n++) {
      const image = partOf(x, n, s);
      eachTap(s, (pixel, tap) => void (taps[tap] = image[pixel]));
      addProduct(sizes, partOf(g, n, s), transposed(taps, sizes.n, sizes.k), out);
    }
  },
  onnx: (builder, node, [g, x]) => {
    // A matrix product over all pixels of all images: one per tap of the kernel, or, where there are so few input channels
    // that a product would be a single column, one for all taps.
    const s = convWeightGradSizes(node);
    const { ints } = builder;
    const p = s.padding;
    const pixels = s.n * s.oh * s.ow;
    const padded = p === 0 ? x : builder.node("Pad", [x, ints([0, 0, p, p, 0, 0, p, p])]);
    const images = builder.node("Transpose", [padded], { perm: [1, 0, 2, 3] });
    const swapped = builder.node("Transpose", [g], { perm: [1, 0, 2, 3] });
    const rows = builder.node("Reshape", [swapped, ints([s.cout, pixels])]);
    const windows: string[] = [];
    for (let ky = 0; ky < s.kh; ky++) {
      for (let kx = 0; kx < s.kw; kx++) {
        const stop = [ky + (s.oh - 1) * s.stride + 1, kx + (s.ow - 1) * s.stride + 1];
        const steps = ints([s.stride, s.stride]);
        const window = builder.node("Slice", [images, ints([ky, kx]), ints(stop), ints([2, 3]), steps]);
        windows.push(builder.node("Reshape", [window, ints([s.cin, pixels])]));
      }
    }
    const product = (columns: string) => builder.node("Gemm", [rows, columns], { transB: 1 });
    const joined =
      s.cin < FEW_CHANNELS
        ? builder.node("Reshape", [product(join(builder, windows, 0)), ints([s.cout, s.kh * s.kw, s.cin])])
        : join(
            builder,
            windows.map((window) => builder.node("Reshape", [product(window), ints([s.cout, 1, s.cin])])),
            1,
          );
    const turned = builder.node("Transpose", [joined], { perm: [0, 2, 1] });
    return builder.node("Reshape", [turned, ints([s.cout, s.cin, s.kh, s.kw])]);
  },
  webgpu: (node) => convWeightGradKernels(node, convWeightGradSizes(node)),
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
  ],
});

/** Input channels from which a product per tap is as fast as one for all, and needs no copy of them. */
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
