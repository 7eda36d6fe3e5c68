// Resizing of images to fixed sides, and its adjoint. Both sides are resized alone, so that one list of taps along a side is
// all there is: bilinear by PyTorch's rule (align_corners false, no antialiasing), or nearest.
import { ShapeError } from "../errors.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { definePrimitive, type Primitive, type TensorType } from "../op.ts";
import { formatShape } from "../shape.ts";
import { rowByRow } from "../slices.ts";
import { resizeGradKernel, resizeKernel } from "../webgpu/wgsl/resize.ts";

/** `sides` are those of the result; `mode` says which pixels it takes. */
export type ResizeAttrs = { sides: readonly number[]; mode: string };

interface Tap {
  readonly at: number;
  readonly weight: number;
}

/** The pixels that make the `place`-th of `to` pixels along a side of `from`. */
function tapsOf(place: number, from: number, to: number, mode: string): Tap[] {
  if (mode === "nearest") return [{ at: Math.floor((place * from) / to), weight: 1 }];
  const source = Math.max(0, ((place + 0.5) * from) / to - 0.5);
  const at = Math.floor(source);
  return [
    { at, weight: 1 - (source - at) },
    { at: Math.min(at + 1, from - 1), weight: source - at },
  ];
}

function check(op: string, x: TensorType, { sides, mode }: ResizeAttrs): void {
  const isMode = mode === "bilinear" || mode === "nearest";
  if (x.shape.length !== 4 || x.dtype !== "f32" || sides.length !== 2 || !isMode) {
    throw new ShapeError(op, `cannot resize ${x.dtype}${formatShape(x.shape)} to [${sides}], ${mode}`);
  }
}

/** Calls `visit` with flat offsets of every product of resizing `small`'s planes from `from` to `to`. */
function eachTap(
  planes: number,
  from: readonly number[],
  to: readonly number[],
  mode: string,
  visit: (source: number, result: number, weight: number) => void,
): void {
  for (let plane = 0; plane < planes; plane++)
    for (let y = 0; y < to[0]; y++)
      for (const row of tapsOf(y, from[0], to[0], mode))
        for (let x = 0; x < to[1]; x++)
          for (const column of tapsOf(x, from[1], to[1], mode)) {
            const source = (plane * from[0] + row.at) * from[1] + column.at;
            visit(source, (plane * to[0] + y) * to[1] + x, row.weight * column.weight);
          }
}

/** [from, to] weights along a side, row-major; transposed [to, from]. */
function sideMatrix(builder: OnnxBuilder, from: number, to: number, mode: string, transposed: boolean): string {
  const values = new Float64Array(from * to);
  for (let place = 0; place < to; place++) {
    for (const { at, weight } of tapsOf(place, from, to, mode)) {
      values[transposed ? place * from + at : at * to + place] += weight;
    }
  }
  return builder.floats([...values], transposed ? [to, from] : [from, to]);
}

const modes = ["bilinear", "nearest"];
const cases = [
  { shape: [1, 1, 2, 2], sides: [4, 4] },
  { shape: [2, 3, 5, 7], sides: [8, 5] },
  { shape: [17, 1, 4, 3], sides: [3, 4] },
  { shape: [2, 32, 3, 4], sides: [7, 9] },
  { shape: [1, 5, 9, 8], sides: [2, 3] },
  { shape: [2, 4, 1, 3], sides: [5, 1] },
].flatMap((each) => modes.map((mode) => ({ ...each, mode })));

/** [n, c, h, w] -> [n, c, ...sides]. */
export const resize: Primitive<ResizeAttrs> = definePrimitive<ResizeAttrs>({
  name: "resize",
  infer: ([x], attrs) => {
    check("resize", x, attrs);
    return { shape: [...x.shape.slice(0, 2), ...attrs.sides], dtype: "f32" };
  },
  vjp: ({ inputs: [x], cotangent, attrs: { mode } }) => [
    cotangent.apply(resizeGrad, [], { sides: x.shape.slice(2), mode }),
  ],
  reference: ({ inputs, attrs: { sides, mode } }, [x], out) => {
    out.fill(0);
    const [n, c, ...from] = inputs[0].shape;
    eachTap(n * c, from, sides, mode, (source, result, weight) => {
      out[result] += weight * x[source];
    });
  },
  onnx: (builder, { inputs, output, attrs: { mode } }, [x]) => {
    if (mode === "bilinear") {
      return builder.node("Resize", [x, "", "", builder.ints(output.shape)], {
        mode: "linear",
        coordinate_transformation_mode: "half_pixel",
      });
    }
    return [2, 3].reduce((name, axis) => {
      const [from, to] = [inputs[0].shape[axis], output.shape[axis]];
      const places = Array.from({ length: to }, (_, place) => tapsOf(place, from, to, mode)[0].at);
      return builder.node("Gather", [name, builder.ints(places)], { axis });
    }, x);
  },
  webgpu: resizeKernel,
  slices: rowByRow,
  samples: cases.map(({ shape, sides, mode }) => ({ inputs: [{ shape }], attrs: { sides, mode } })),
  badSamples: [
    {
      inputs: [{ shape: [2, 3, 4], dtype: "f32" }],
      attrs: { sides: [4, 4], mode: "bilinear" },
      why: /cannot resize f32\[2,3,4\] to \[4,4\]/,
    },
  ],
});

/** The adjoint of resize: g [n, c, oh, ow] -> [n, c, ...sides], the sides before resizing. */
export const resizeGrad: Primitive<ResizeAttrs> = definePrimitive<ResizeAttrs>({
  name: "resizeGrad",
  infer: ([g], attrs) => {
    check("resizeGrad", g, attrs);
    return { shape: [...g.shape.slice(0, 2), ...attrs.sides], dtype: "f32" };
  },
  vjp: ({ inputs: [g], cotangent, attrs: { mode } }) => [cotangent.resize(g.shape.slice(2), mode)],
  reference: ({ inputs, attrs: { sides, mode } }, [g], out) => {
    out.fill(0);
    const [n, c, ...to] = inputs[0].shape;
    eachTap(n * c, sides, to, mode, (source, result, weight) => {
      out[source] += weight * g[result];
    });
  },
  // A small matrix product along each side.
  onnx: (builder, { inputs: [g], attrs: { sides, mode } }, [name]) => {
    const columns = builder.node("MatMul", [name, sideMatrix(builder, sides[1], g.shape[3], mode, true)]);
    return builder.node("MatMul", [sideMatrix(builder, sides[0], g.shape[2], mode, false), columns]);
  },
  webgpu: resizeGradKernel,
  slices: rowByRow,
  samples: cases.map(({ shape, sides, mode }) => ({
    inputs: [{ shape: [...shape.slice(0, 2), ...sides] }],
    attrs: { sides: shape.slice(2), mode },
  })),
  badSamples: [
    {
      inputs: [{ shape: [1, 1, 4, 4], dtype: "f32" }],
      attrs: { sides: [2], mode: "bilinear" },
      why: /cannot resize f32\[1,1,4,4\] to \[2\]/,
    },
  ],
});
