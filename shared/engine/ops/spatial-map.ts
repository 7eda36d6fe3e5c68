// A sparse linear map over pixels, its taps given as inputs: the one op behind crop, flip, scale, rotate and resized crops.
// out[n, c, p] = sum_k weights[m, p, k] * x[n, c, indices[m, p, k]], where image n reads map m = floor(n * maps / images):
// one map for all images, one for each group of equal size, or one for each image.
// The result has as many pixels as the map lists, as wide and high as `sides` says (as x where it does not).
// Its adjoint is the same op with the transposed map, made on the host too; it may be left out where no gradient is taken.
import { invariant } from "../../lib/invariant.ts";
import { ShapeError } from "../errors.ts";
import { definePrimitive, type Sample, type TensorType } from "../op.ts";
import { formatShape } from "../shape.ts";
import { spatialMapKernel } from "../webgpu/wgsl/spatial-map.ts";

type MapAttrs = { sides?: readonly number[] };

function infer(
  [x, indices, weights, adjointIndices, adjointWeights]: readonly TensorType[],
  attrs: MapAttrs,
): TensorType {
  const [n, c, h, w] = x.shape;
  const [maps] = indices.shape;
  const sides = attrs.sides ?? [h, w];
  if (x.shape.length !== 4 || x.dtype !== "f32") {
    throw new ShapeError("spatialMap", `needs images f32[n,c,h,w], was given ${x.dtype}${formatShape(x.shape)}`);
  }
  const transposed = adjointIndices ? [[adjointIndices, adjointWeights, [h, w], "transposed map"] as const] : [];
  for (const [index, weight, [height, width], what] of [[indices, weights, sides, "map"] as const, ...transposed]) {
    const fits =
      index.dtype === "i32" &&
      weight.dtype === "f32" &&
      index.shape.length === 3 &&
      formatShape(index.shape) === formatShape(weight.shape) &&
      index.shape[0] === maps &&
      index.shape[1] === height * width;
    if (!fits) {
      const shapes = `${index.dtype}${formatShape(index.shape)} and ${weight.dtype}${formatShape(weight.shape)}`;
      throw new ShapeError(
        "spatialMap",
        `the ${what} ${shapes} does not take ${formatShape(x.shape)} to ${sides.join("x")}`,
      );
    }
  }
  if (n % maps !== 0) {
    throw new ShapeError("spatialMap", `${maps} maps do not divide ${n} images`);
  }
  return { shape: [n, c, ...sides], dtype: "f32" };
}

/** A sample whose map sends pixel p to a few pixels near it, with its true transpose. */
function sample(
  [n, c, h, w]: readonly number[],
  maps: number,
  taps: number,
  sides?: readonly number[],
): Sample<MapAttrs> {
  const pixels = h * w;
  const results = sides ? sides[0] * sides[1] : pixels;
  const indices: number[] = [];
  const weights: number[] = [];
  const incoming = Array.from({ length: maps * pixels }, (): [number, number][] => []);
  for (let m = 0; m < maps; m++) {
    for (let p = 0; p < results; p++) {
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
      { shape: [maps, results, taps], values: indices, bound: pixels },
      { shape: [maps, results, taps], values: weights, constant: true },
      { shape: [maps, pixels, most], values: adjointIndices, bound: results },
      { shape: [maps, pixels, most], values: adjointWeights, constant: true },
    ],
    ...(sides ? { attrs: { sides } } : {}),
  };
}

export const spatialMap = definePrimitive<MapAttrs>({
  name: "spatialMap",
  infer,
  vjp: ({ inputs: [x, indices, weights, adjointIndices, adjointWeights], cotangent }) => {
    invariant(adjointIndices, "a spatial map without its transpose has no gradient");
    const transposed = { indices: adjointIndices, weights: adjointWeights };
    const [, , ...sides] = x.shape;
    const back = cotangent.spatialMap({ ...transposed, adjointIndices: indices, adjointWeights: weights }, sides);
    return [back, null, null, null, null];
  },
  reference: ({ inputs }, [x, indices, weights], out) => {
    const [n, c, h, w] = inputs[0].shape;
    const [maps, results, taps] = inputs[1].shape;
    for (let image = 0; image < n; image++) {
      const map = Math.floor((image * maps) / n);
      for (let channel = 0; channel < c; channel++) {
        const plane = (image * c + channel) * h * w;
        for (let p = 0; p < results; p++) {
          let total = 0;
          for (let k = 0; k < taps; k++) {
            const at = (map * results + p) * taps + k;
            total += weights[at] * x[plane + indices[at]];
          }
          out[(image * c + channel) * results + p] = total;
        }
      }
    }
  },
  onnx: (builder, { inputs, output }, [x, indices, weights]) => {
    // A group's images and channels become rows, its map one list of pixels: a gather, a product, a sum over taps.
    const [n, c, h, w] = inputs[0].shape;
    const [maps, results, taps] = inputs[1].shape;
    const pixels = h * w;
    const { ints } = builder;
    const rows = (n / maps) * c;
    if (maps === 1) {
      const planes = builder.node("Reshape", [x, ints([rows, pixels])]);
      const list = builder.node("Reshape", [indices, ints([results * taps])]);
      const taken = builder.node("Gather", [planes, list], { axis: 1 });
      const shaped = builder.node("Reshape", [taken, ints([rows, results, taps])]);
      const total = builder.node("ReduceSum", [builder.node("Mul", [shaped, weights]), ints([2])], { keepdims: 0 });
      return builder.node("Reshape", [total, ints(output.shape)]);
    }
    const planes = builder.node("Reshape", [x, ints([maps, rows, pixels])]);
    const columns = builder.node("Transpose", [planes], { perm: [0, 2, 1] });
    const flat = builder.node("Reshape", [columns, ints([maps * pixels, rows])]);
    const first = Array.from({ length: maps }, (_, map) => map * pixels);
    const offsets = builder.node("Reshape", [ints(first), ints([maps, 1, 1])]);
    const places = builder.node("Add", [builder.node("Cast", [indices], { to: 7 }), offsets]);
    const taken = builder.node("Gather", [flat, places], { axis: 0 }); // [maps, results, taps, rows]
    const scale = builder.node("Reshape", [weights, ints([maps, results, taps, 1])]);
    const total = builder.node("ReduceSum", [builder.node("Mul", [taken, scale]), ints([2])], { keepdims: 0 });
    const back = builder.node("Transpose", [total], { perm: [0, 2, 1] });
    return builder.node("Reshape", [back, ints(output.shape)]);
  },
  webgpu: spatialMapKernel,
  slices: {
    rows: ({ inputs: [x, indices, ...rest] }, rows) => {
      const perMap = x.shape[0] / indices.shape[0];
      const maps = { from: rows.from / perMap, to: rows.to / perMap };
      const isWhole = Number.isInteger(maps.from) && Number.isInteger(maps.to);
      if (indices.shape[0] > 1 && !isWhole) return undefined;
      const taken = indices.shape[0] > 1 ? maps : "all";
      return { inputs: [rows, taken, ...rest.map(() => taken)] };
    },
  },
  samples: [
    {
      inputs: sample([4, 1, 3, 3], 2, 4)
        .inputs.slice(0, 3)
        .map((input) => ({ ...input, constant: true })),
    },
    sample([1, 1, 3, 4], 1, 4),
    sample([17, 3, 4, 4], 1, 4),
    sample([6, 3, 5, 4], 2, 4),
    sample([3, 5, 4, 3], 3, 2),
    sample([2, 32, 5, 7], 2, 4),
    sample([6, 3, 4, 5], 2, 4, [7, 3]),
    sample([2, 32, 6, 6], 1, 4, [3, 4]),
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
    {
      inputs: [
        { shape: [2, 1, 2, 2], dtype: "f32" },
        { shape: [2, 4, 4], dtype: "i32" },
        { shape: [2, 4, 4], dtype: "f32" },
      ],
      attrs: { sides: [3, 3] },
      why: /does not take \[2,1,2,2\] to 3x3/,
    },
  ],
});
