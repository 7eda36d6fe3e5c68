// The biased variance over axes. Its gradient needs no sum of its own: what flows to the mean cancels.
import { ShapeError } from "../errors.ts";
import { defineComposite } from "../op.ts";
import { formatShape, normaliseAxes } from "../shape.ts";
import { keptShape } from "./reduce.ts";

/** mean((x - mean(x))^2) over `axes`, which keep length 1. */
export const variance = defineComposite<{ axes: readonly number[] }>({
  name: "variance",
  infer: ([x], { axes }) => {
    if (x.dtype !== "f32" || !normaliseAxes(axes, x.shape.length)) {
      throw new ShapeError("variance", `axes [${axes}] do not all exist in ${x.dtype}${formatShape(x.shape)}`);
    }
    return { shape: keptShape(x.shape, axes), dtype: "f32" };
  },
  expand: ([x], { axes }) => x.sub(x.mean(axes, true)).square().mean(axes, true),
  // dv/dx = 2 (x - m) / N
  vjp: ({ inputs: [x], cotangent: g, attrs: { axes } }) => {
    const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
    return [x.sub(x.mean(axes, true)).mul(g.mul(2 / count))];
  },
  samples: [
    { shape: [5], axes: [0] },
    { shape: [3, 1, 3, 4], axes: [2, 3] },
    { shape: [17, 5, 3, 3], axes: [0, 2, 3] },
    { shape: [2, 32, 4, 5], axes: [0, 2, 3] },
  ].map(({ shape, axes }) => ({ inputs: [{ shape }], attrs: { axes } })),
  badSamples: [{ inputs: [{ shape: [2, 3], dtype: "f32" }], attrs: { axes: [2] }, why: /axes \[2\]/ }],
});
