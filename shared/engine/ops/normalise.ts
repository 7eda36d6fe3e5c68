// Normalisation over axes, and the factor that it scales by. The gradient of each is written with the two of them, with fewer
// passes over full-size tensors than the gradient of their expansions.
import { ShapeError } from "../errors.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { defineComposite, type NodeView, type TensorType } from "../op.ts";
import { formatShape, normaliseAxes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { keptShape } from "./reduce.ts";

export type NormaliseAttrs = { axes: readonly number[]; epsilon: number };

function check(name: string, [x]: readonly TensorType[], { axes }: NormaliseAttrs): void {
  if (x.dtype !== "f32" || !normaliseAxes(axes, x.shape.length)) {
    throw new ShapeError(name, `axes [${axes}] do not all exist in ${x.dtype}${formatShape(x.shape)}`);
  }
}

const countOf = (shape: readonly number[], axes: readonly number[]) =>
  axes.reduce((product, axis) => product * shape[axis], 1);

const deviation = (x: Tensor, { axes }: NormaliseAttrs) => x.sub(x.mean(axes, true));

const inverse = (deviation: Tensor, { axes, epsilon }: NormaliseAttrs) =>
  deviation.square().mean(axes, true).add(epsilon).sqrt().reciprocal();

/** Rows that lie together are what ONNX normalises; other axes would have to be moved. */
const onnxFits = ({ inputs: [x], attrs: { axes } }: NodeView<NormaliseAttrs>) =>
  axes.every((axis) => axis >= x.shape.length - axes.length);

/** One ONNX node for both: the normalised rows and the factor of each, more exact than the expansions. */
function emitRows(builder: OnnxBuilder, { inputs: [x], attrs }: NodeView<NormaliseAttrs>, name: string) {
  const count = countOf(x.shape, attrs.axes);
  const rows = builder.node("Reshape", [name, builder.ints([-1, count])]);
  const scale = builder.node("Expand", [builder.floats([1], [1]), builder.ints([count])]);
  const settings = { axis: 1, epsilon: { float: attrs.epsilon } };
  const [normalised, , inverse] = builder.nodes("LayerNormalization", [rows, scale], 3, settings);
  return { normalised, inverse };
}

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
  expand: ([x], attrs) => inverse(deviation(x, attrs), attrs),
  // r = (v + e)^(-1/2), dv/dx = 2 (x - m) / N: dr/dx = -r^2 x^ / N, with x^ = (x - m) r.
  vjp: ({ inputs: [x], output: r, cotangent: g, attrs: { axes, epsilon } }) => [
    x.normalise(axes, epsilon).mul(
      g
        .mul(r)
        .mul(r)
        .mul(-1 / countOf(x.shape, axes)),
    ),
  ],
  onnx: (builder, node, [x]) =>
    builder.node("Reshape", [emitRows(builder, node, x).inverse, builder.ints(node.output.shape)]),
  onnxFits,
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
  expand: ([x], attrs) => {
    const deviated = deviation(x, attrs);
    return deviated.mul(inverse(deviated, attrs));
  },
  // dL/dx = r (g - mean(g) - x^ mean(g x^)), with the factors of each group multiplied first.
  vjp: ({ inputs: [x], output, cotangent: g, attrs: { axes, epsilon } }) => {
    const r = x.inverseDeviation(axes, epsilon);
    const shared = g.mean(axes, true).mul(r);
    const along = g.mul(output).mean(axes, true).mul(r);
    return [g.mul(r).sub(output.mul(along)).sub(shared)];
  },
  onnx: (builder, node, [x]) =>
    builder.node("Reshape", [emitRows(builder, node, x).normalised, builder.ints(node.output.shape)]),
  onnxFits,
  samples,
  badSamples,
});
