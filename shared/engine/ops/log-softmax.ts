// Log-softmax over the last axis, shifted by the row's largest value so that nothing overflows.
import { ShapeError } from "../errors.ts";
import { defineComposite } from "../op.ts";
import { formatShape } from "../shape.ts";

/** x [n, classes] -> log of the softmax of each row. */
export const logSoftmax = defineComposite<Record<never, never>>({
  name: "logSoftmax",
  infer: ([x]) => {
    if (x.shape.length !== 2 || x.dtype !== "f32") {
      throw new ShapeError("logSoftmax", `needs f32[n,classes], was given ${x.dtype}${formatShape(x.shape)}`);
    }
    return x;
  },
  expand: ([x]) => {
    // The shift cancels, so that no gradient needs to pass through it.
    const shifted = x.sub(x.max([1], true).detach());
    return shifted.sub(shifted.exp().sum([1], true).log());
  },
  onnx: (builder, _node, inputs) => builder.node("LogSoftmax", inputs, { axis: 1 }),
  samples: [
    [1, 1],
    [3, 10],
    [17, 5],
    [300, 7],
  ].map((shape) => ({ inputs: [{ shape, low: -4, high: 4 }] })),
  badSamples: [{ inputs: [{ shape: [3], dtype: "f32" }], why: /needs f32\[n,classes\]/ }],
});
