// Group normalisation (Wu & He, 2018): each group of channels of each image to zero mean and unit variance, then each channel
// scaled and shifted. Means over a group are means of its channels' means, so that no image is moved in memory.
import { ShapeError } from "../errors.ts";
import { defineComposite } from "../op.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

type GroupAttrs = { groups: number; epsilon: number };

const PIXELS = [2, 3];

/** Each channel's value replaced by the mean of its group: [n, c, 1, 1] -> [n, c, 1, 1]. */
function groupMean(perChannel: Tensor, groups: number): Tensor {
  const [n, c] = perChannel.shape;
  const grouped = perChannel.reshape([n, groups, c / groups]);
  return grouped.mean([2], true).expand(grouped.shape).reshape(perChannel.shape);
}

function centred(x: Tensor, { groups, epsilon }: GroupAttrs): { normalised: Tensor; inverse: Tensor } {
  const deviation = x.sub(groupMean(x.mean(PIXELS, true), groups));
  const variance = groupMean(deviation.square().mean(PIXELS, true), groups);
  const inverse = variance.add(epsilon).sqrt().reciprocal();
  return { normalised: deviation.mul(inverse), inverse };
}

/** x [n, c, h, w], scale [c], shift [c] -> [n, c, h, w]. One group is layer norm with a scale for each channel. */
export const groupNorm = defineComposite<GroupAttrs>({
  name: "groupNorm",
  infer: ([x, scale, shift], { groups }) => {
    const [, c] = x.shape;
    const isVector = ({ shape }: { shape: readonly number[] }) => shape.length === 1 && shape[0] === c;
    if (x.shape.length !== 4 || ![scale, shift].every(isVector)) {
      const shapes = [x, scale, shift].map(({ shape }) => formatShape(shape)).join(", ");
      throw new ShapeError("groupNorm", `needs [n,c,h,w], [c], [c], was given ${shapes}`);
    }
    if (c % groups !== 0) throw new ShapeError("groupNorm", `${groups} groups do not divide ${c} channels`);
    return x;
  },
  expand: ([x, scale, shift], attrs) => {
    const perChannel = [1, x.shape[1], 1, 1];
    return centred(x, attrs).normalised.mul(scale.reshape(perChannel)).add(shift.reshape(perChannel));
  },
  // With g' = g scale: dL/dx = r (g' - mean(g') - x^ mean(g' x^)), the means over the group.
  vjp: ({ inputs: [x, scale], cotangent: g, attrs }) => {
    const { normalised, inverse } = centred(x, attrs);
    const perChannel = scale.reshape([1, x.shape[1], 1, 1]);
    const sum = g.sum(PIXELS, true);
    const along = g.mul(normalised).sum(PIXELS, true);
    const share = inverse.mul(-1 / (x.shape[2] * x.shape[3]));
    return [
      g
        .mul(inverse.mul(perChannel))
        .add(normalised.mul(groupMean(along.mul(perChannel), attrs.groups).mul(share)))
        .add(groupMean(sum.mul(perChannel), attrs.groups).mul(share)),
      along.sum([0, 2, 3]),
      sum.sum([0, 2, 3]),
    ];
  },
  onnx: (builder, { inputs: [type], attrs }, [x, scale, shift]) => {
    const { groups, epsilon } = attrs;
    const perChannel = (name: string) => builder.node("Reshape", [name, builder.ints([1, type.shape[1], 1, 1])]);
    const rows = builder.node("Reshape", [x, builder.ints([type.shape[0], groups, -1])]);
    const all = (value: number) => builder.floats(new Array(groups).fill(value), [groups]);
    const done = builder.node("InstanceNormalization", [rows, all(1), all(0)], { epsilon: { float: epsilon } });
    const back = builder.node("Reshape", [done, builder.ints(type.shape)]);
    return builder.node("Add", [builder.node("Mul", [back, perChannel(scale)]), perChannel(shift)]);
  },
  samples: [
    { shape: [1, 1, 3, 4], groups: 1 },
    { shape: [2, 6, 5, 3], groups: 2 },
    { shape: [17, 5, 3, 3], groups: 1 },
    { shape: [2, 32, 4, 4], groups: 4 },
  ].map(({ shape, groups }) => ({
    inputs: [{ shape }, { shape: [shape[1]] }, { shape: [shape[1]] }],
    attrs: { groups, epsilon: 1e-5 },
  })),
  badSamples: [
    {
      inputs: [
        { shape: [2, 6, 4, 4], dtype: "f32" },
        { shape: [6], dtype: "f32" },
        { shape: [6], dtype: "f32" },
      ],
      attrs: { groups: 4, epsilon: 1e-5 },
      why: /4 groups do not divide 6 channels/,
    },
    {
      inputs: [
        { shape: [2, 6, 4, 4], dtype: "f32" },
        { shape: [5], dtype: "f32" },
        { shape: [6], dtype: "f32" },
      ],
      attrs: { groups: 2, epsilon: 1e-5 },
      why: /was given \[2,6,4,4\], \[5\], \[6\]/,
    },
  ],
});
