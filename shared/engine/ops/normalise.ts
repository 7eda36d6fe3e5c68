// Normalisation over axes, and the factor that it scales by. The gradient of each is written with the two of them, with fewer
// passes over full-size tensors than the gradient of their expansions.
import { ShapeError } from "../errors.ts";
import { defineComposite, type TensorType } from "../op.ts";
import { formatShape, normaliseAxes } from "../shape.ts";
import { keptShape } from "./reduce.ts";

export type NormaliseAttrs = { axes: readonly number[]; epsilon: number };

function check(name: string, [x]: readonly TensorType[], { axes }: NormaliseAttrs): void {
  if (x.dtype !== "f32" || !normaliseAxes(axes, x.shape.length)) {
    throw new ShapeError(name, `axes [${axes}] do not all exist in ${x.dtype}${formatShape(x.shape)}`);
  }
}

const countOf = (shape: readonly number[], axes: readonly number[]) =>
  axes.reduce((product, axis) => product * shape[axis], 1);

const samples = [
  { shape: [3, 7], axes: [1] },
  { shape: [1, 1, 3, 4], axes: [2, 3] },
  { shape: [17, 5, 3, 3], axes: [2, 3] },
  { shape: [2, 32, 4, 5], axes: [2, 3] },
  { shape: [3, 5, 3, 2], axes: [0, 2, 3] },
  { shape: [3, 4, 3, 2], axes: [1, 2, 3] },
].map(({ shape, axes }) => ({ inputs: [{ shape }], attrs: { axes, epsilon: 1e-5 } }));

const badSamples = [
  { inputs: [{ shape: [2, 3], dtype: "f32" as const }], attrs: { axes: [2], epsilon: 1e-5 }, why: /axes \[2\]/ },
];

/** 1 / sqrt(variance + epsilon) over `axes`, which keep length 1; the variance is the biased one. */
export const inverseDeviation = defineComposite<NormaliseAttrs>({
  name: "inverseDeviation",
  infer: (inputs, attrs) => {
    check("inverseDeviation", inputs, attrs);
    return { shape: keptShape(inputs[0].shape, attrs.axes), dtype: "f32" };
  },
  expand: ([x], { axes, epsilon }) =>
    x.sub(x.mean(axes, true)).square().mean(axes, true).add(epsilon).sqrt().reciprocal(),
  // r = (v + e)^(-1/2), dv/dx = 2 (x - m) / N: dr/dx = -r^2 x^ / N, with x^ = (x - m) r.
  vjp: ({ inputs: [x], output: r, cotangent: g, attrs: { axes, epsilon } }) => [
    x.normalise(axes, epsilon).mul(
      g
        .mul(r)
        .mul(r)
        .mul(-1 / countOf(x.shape, axes)),
    ),
  ],
  samples,
  badSamples,
});

/** (x - mean) / sqrt(variance + epsilon) over `axes`. */
export const normalise = defineComposite<NormaliseAttrs>({
  name: "normalise",
  infer: (inputs, attrs) => {
    check("normalise", inputs, attrs);
    return inputs[0];
  },
  expand: ([x], { axes, epsilon }) => x.sub(x.mean(axes, true)).mul(x.inverseDeviation(axes, epsilon)),
  // dL/dx = r (g - mean(g) - x^ mean(g x^)), with the factors of each group multiplied first.
  vjp: ({ inputs: [x], output, cotangent: g, attrs: { axes, epsilon } }) => {
    const r = x.inverseDeviation(axes, epsilon);
    const shared = g.mean(axes, true).mul(r);
    const along = g.mul(output).mean(axes, true).mul(r);
    return [g.mul(r).sub(output.mul(along)).sub(shared)];
  },
  samples,
  badSamples,
});
