// A sparse linear map over pixels, its taps given as inputs: the one op behind crop, flip, scale and rotate.
// out[n, c, p] = sum_k weights[m, p, k] * x[n, c, indices[m, p, k]], where image n reads map m = floor(n * maps / images):
// one map for all images, one for each group of equal size, or one for each image.
// Its adjoint is the same op with the transposed map, made on the host too; it may be left out where no gradient is taken.
import { invariant } from "../../lib/invariant.ts";
import { ShapeError } from "../errors.ts";
import { definePrimitive, type Sample, type TensorType } from "../op.ts";
import { formatShape } from "../shape.ts";
import { spatialMapKernel } from "../webgpu/wgsl/spatial-map.ts";

type NoAttrs = Record<never, never>;

function infer([x, indices, weights, adjointIndices, adjointWeights]: readonly TensorType[]): TensorType {
  const [n, , h, w] = x.shape;
  const [maps, pixels] = indices.shape;
  if (x.shape.length !== 4 || x.dtype !== "f32") {
    throw new ShapeError("spatialMap", `needs images f32[n,c,h,w], was given ${x.dtype}${formatShape(x.shape)}`);
  }
  const transposed = adjointIndices ? [[adjointIndices, adjointWeights, "transposed map"] as const] : [];
  for (const [index, weight, what] of [[indices, weights, "map"] as const, ...transposed]) {
    const fits =
      index.dtype === "i32" &&
      weight.dtype === "f32" &&
      index.shape.length === 3 &&
      formatShape(index.shape) === formatShape(weight.shape) &&
      index.shape[0] === maps &&
      index.shape[1] === h * w;
    if (!fits) {
      const shapes = `${index.dtype}${formatShape(index.shape)} and ${weight.dtype}${formatShape(weight.shape)}`;
      throw new ShapeError("spatialMap", `the ${what} ${shapes} does not fit ${formatShape(x.shape)}`);
    }
  }
  if (n % maps !== 0 || pixels !== h * w) {
    throw new ShapeError("spatialMap", `${maps} maps do not divide ${n} images`);
  }
  return { shape: x.shape, dtype: "f32" };
}

/** A sample whose map sends pixel p to a few pixels near it, with its true transpose. */
function sample(n: number, c: number, h: number, w: number, maps: number, taps: number): Sample<NoAttrs> {
  const pixels = h * w;
  const indices: number[] = [];
  const weights: number[] = [];
  const incoming = Array.from({ length: maps * pixels }, (): [number, number][] => []);
  for (let m = 0; m < maps; m++) {
    for (let p = 0; p < pixels; p++) {
      for (let k = 0; k < taps; k++) {
        const from = (p * (k + 1) + 3 * k + m) % pixels;
        const weight = ((p + k + m) % 5) / 4 - 0.4;
        indices.push(from);
        weights.push(weight);
        incoming[m * pixels + from].push([p, weight]);
      }
    }
  }
  const most = Math.max(...incoming.map((list) => list.length));
  const adjointIndices: number[] = [];
  const adjointWeights: number[] = [];
  for (const list of incoming) {
    for (let k = 0; k < most; k++) {
      adjointIndices.push(list[k]?.[0] ?? 0);
      adjointWeights.push(list[k]?.[1] ?? 0);
    }
  }
  return {
    inputs: [
      { shape: [n, c, h, w] },
      { shape: [maps, pixels, taps], values: indices, bound: pixels },
      { shape: [maps, pixels, taps], values: weights, constant: true },
      { shape: [maps, pixels, most], values: adjointIndices, bound: pixels },
      { shape: [maps, pixels, most], values: adjointWeights, constant: true },
    ],
  };
}

export const spatialMap = definePrimitive<NoAttrs>({
  name: "spatialMap",
  infer: (inputs) => infer(inputs),
  vjp: ({ inputs: [, indices, weights, adjointIndices, adjointWeights], cotangent }) => {
    invariant(adjointIndices, "a spatial map without its transpose has no gradient");
    const transposed = { indices: adjointIndices, weights: adjointWeights };
    const back = cotangent.spatialMap({ ...transposed, adjointIndices: indices, adjointWeights: weights });
    return [back, null, null, null, null];
  },
  reference: ({ inputs }, [x, indices, weights], out) => {
    const [n, c, h, w] = inputs[0].shape;
    const [maps, pixels, taps] = inputs[1].shape;
    for (let image = 0; image < n; image++) {
      const map = Math.floor((image * maps) / n);
      for (let channel = 0; channel < c; channel++) {
        const plane = (image * c + channel) * h * w;
        for (let p = 0; p < pixels; p++) {
          let total = 0;
          for (let k = 0; k < taps; k++) {
            const at = (map * pixels + p) * taps + k;
            total += weights[at] * x[plane + indices[at]];
          }
          out[plane + p] = total;
        }
      }
    }
  },
  onnx: (builder, { inputs }, [x, indices, weights]) => {
    // A group's images and channels become rows, its map one list of pixels: a gather, a product, a sum over taps.
    const [n, c, h, w] = inputs[0].shape;
    const [maps, pixels, taps] = inputs[1].shape;
    const { ints } = builder;
    const rows = (n / maps) * c;
    if (maps === 1) {
      const planes = builder.node("Reshape", [x, ints([rows, pixels])]);
      const list = builder.node("Reshape", [indices, ints([pixels * taps])]);
      const taken = builder.node("Gather", [planes, list], { axis: 1 });
      const shaped = builder.node("Reshape", [taken, ints([rows, pixels, taps])]);
      const total = builder.node("ReduceSum", [builder.node("Mul", [shaped, weights]), ints([2])], { keepdims: 0 });
      return builder.node("Reshape", [total, ints([n, c, h, w])]);
    }
    const planes = builder.node("Reshape", [x, ints([maps, rows, pixels])]);
    const columns = builder.node("Transpose", [planes], { perm: [0, 2, 1] });
    const flat = builder.node("Reshape", [columns, ints([maps * pixels, rows])]);
    const first = Array.from({ length: maps }, (_, map) => map * pixels);
    const offsets = builder.node("Reshape", [ints(first), ints([maps, 1, 1])]);
    const places = builder.node("Add", [builder.node("Cast", [indices], { to: 7 }), offsets]);
    const taken = builder.node("Gather", [flat, places], { axis: 0 }); // [maps, pixels, taps, rows]
    const scale = builder.node("Reshape", [weights, ints([maps, pixels, taps, 1])]);
    const total = builder.node("ReduceSum", [builder.node("Mul", [taken, scale]), ints([2])], { keepdims: 0 });
    const back = builder.node("Transpose", [total], { perm: [0, 2, 1] });
    return builder.node("Reshape", [back, ints([n, c, h, w])]);
  },
  webgpu: spatialMapKernel,
  samples: [
    {
      inputs: sample(4, 1, 3, 3, 2, 4)
        .inputs.slice(0, 3)
        .map((input) => ({ ...input, constant: true })),
    },
    sample(1, 1, 3, 4, 1, 4),
    sample(17, 3, 4, 4, 1, 4),
    sample(6, 3, 5, 4, 2, 4),
    sample(3, 5, 4, 3, 3, 2),
    sample(2, 32, 5, 7, 2, 4),
  ],
  badSamples: [
    {
      inputs: [
        { shape: [3, 1, 2, 2], dtype: "f32" },
        { shape: [2, 4, 4], dtype: "i32" },
        { shape: [2, 4, 4], dtype: "f32" },
        { shape: [2, 4, 9], dtype: "i32" },
        { shape: [2, 4, 9], dtype: "f32" },
      ],
      why: /2 maps do not divide 3 images/,
    },
  ],
});
