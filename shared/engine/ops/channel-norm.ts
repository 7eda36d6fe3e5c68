// Normalisation of channels to zero mean and unit variance, then scaled and shifted: over each image's pixels (instance norm;
// Ulyanov et al., 2016), or over the pixels of the whole batch (batch norm in training; Ioffe & Szegedy, 2015).
import { ShapeError } from "../errors.ts";
import { type Composite, defineComposite } from "../op.ts";
import { formatShape } from "../shape.ts";

type NormAttrs = { epsilon: number };

/** x [n, c, h, w], scale [c], shift [c] -> [n, c, h, w]; the biased variance over `axes`. */
function defineChannelNorm(
  name: string,
  axes: readonly number[],
  onnx?: Composite<NormAttrs>["onnx"],
): Composite<NormAttrs> {
  return defineComposite<NormAttrs>({
    name,
    infer: ([x, scale, shift]) => {
      const fits =
        x.shape.length === 4 &&
        [scale, shift].every((vector) => vector.shape.length === 1 && vector.shape[0] === x.shape[1]);
      if (!fits) {
        const shapes = [x, scale, shift].map((input) => formatShape(input.shape)).join(", ");
        throw new ShapeError(name, `needs [n,c,h,w], [c], [c], was given ${shapes}`);
      }
      return x;
    },
    expand: ([x, scale, shift], { epsilon }) => {
      const perChannel = [1, x.shape[1], 1, 1];
      return x.normalise(axes, epsilon).mul(scale.reshape(perChannel)).add(shift.reshape(perChannel));
    },
    // dL/dx = scale r (g - mean(g) - x^ mean(g x^)): the sums over `axes` serve the gradients of scale and shift too.
    vjp: ({ inputs: [x, scale], cotangent: g, attrs: { epsilon } }) => {
      const normalised = x.normalise(axes, epsilon);
      const sum = g.sum(axes, true);
      const along = g.mul(normalised).sum(axes, true);
      const factor = x.inverseDeviation(axes, epsilon).mul(scale.reshape([1, x.shape[1], 1, 1]));
      const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
      const share = factor.mul(-1 / count);
      return [
        g
          .mul(factor)
          .add(normalised.mul(along.mul(share)))
          .add(sum.mul(share)),
        along.sum([0, 2, 3]),
        sum.sum([0, 2, 3]),
      ];
    },
    onnx,
    samples: [
      [1, 1, 3, 4],
      [2, 3, 5, 5],
      [17, 5, 3, 3],
      [2, 3, 7, 5],
      [2, 32, 4, 4],
    ].map((shape) => ({
      inputs: [{ shape }, { shape: [shape[1]] }, { shape: [shape[1]] }],
      attrs: { epsilon: 1e-5 },
    })),
    badSamples: [
      {
        inputs: [
          { shape: [2, 3, 4, 4], dtype: "f32" },
          { shape: [4], dtype: "f32" },
          { shape: [3], dtype: "f32" },
        ],
        attrs: { epsilon: 1e-5 },
        why: /was given \[2,3,4,4\], \[4\], \[3\]/,
      },
    ],
  });
}

export const instanceNorm = defineChannelNorm("instanceNorm", [2, 3], (builder, { attrs }, inputs) =>
  builder.node("InstanceNormalization", inputs, { epsilon: { float: attrs.epsilon } }),
);

export const batchNorm = defineChannelNorm("batchNorm", [0, 2, 3]);
