// Ops that only move values: each one's adjoint is another of the family.
import { ShapeError } from "../errors.ts";
import { definePrimitive, type ReferenceArray } from "../op.ts";
import {
  broadcastShapes,
  broadcastStrides,
  eachRow,
  formatShape,
  normaliseAxes,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
} from "../shape.ts";
import { broadcastRows, shapeOfRows } from "../slices.ts";
import type { Tensor } from "../tensor.ts";
import { expandInline, flipInline, padInline, permuteInline, reshapeInline, sliceInline } from "../webgpu/inline.ts";
import { concatKernels } from "../webgpu/wgsl/concat.ts";
import { sumToShape } from "./elementwise.ts";

/** Copies into `out` (of `shape`, row-major) from `data` at `offset + sum(coordinate * strides)`. */
function copyStrided(
  shape: Shape,
  strides: readonly number[],
  offset: number,
  data: ReferenceArray,
  out: ReferenceArray,
): void {
  const step = strides.at(-1) ?? 0;
  eachRow(shape, [strides], (at, [start], length) => {
    for (let x = 0; x < length; x++) out[at + x] = data[offset + start + x * step];
  });
}

export const reshape = definePrimitive<{ shape: readonly number[] }>({
  name: "reshape",
  infer: ([x], { shape }) => {
    if (sizeOf(x.shape) !== sizeOf(shape)) {
      throw new ShapeError("reshape", `${formatShape(x.shape)} has not as many elements as ${formatShape(shape)}`);
    }
    return { shape, dtype: x.dtype };
  },
  vjp: ({ inputs: [x], cotangent }) => [cotangent.reshape(x.shape)],
  reference: (_node, [x], out) => out.set(x),
  onnx: (builder, { attrs }, [x]) => builder.node("Reshape", [x, builder.ints(attrs.shape)]),
  webgpu: reshapeInline,
  slices: {
    rows: ({ inputs: [x], output, attrs }, rows) => {
      const [from, to] = [rows.from, rows.to].map((row) => (row * x.shape[0]) / output.shape[0]);
      const isWhole = Number.isInteger(from) && Number.isInteger(to);
      return isWhole ? { inputs: [{ from, to }], attrs: { shape: shapeOfRows(attrs.shape, rows) } } : undefined;
    },
  },
  samples: [
    { inputs: [{ shape: [2, 3, 4, 5] }], attrs: { shape: [6, 20] } },
    { inputs: [{ shape: [1] }], attrs: { shape: [] } },
    { inputs: [{ shape: [17, 32, 3, 3] }], attrs: { shape: [17, 288] } },
    { inputs: [{ shape: [6, 20] }], attrs: { shape: [2, 3, 4, 5] } },
    { inputs: [{ shape: [2, 3, 4, 5] }], attrs: { shape: [2, 3, 1, 4, 5] } },
  ],
  badSamples: [{ inputs: [{ shape: [2, 3], dtype: "f32" }], attrs: { shape: [5] }, why: /\[2,3\].*\[5\]/ }],
});

export const permute = definePrimitive<{ order: readonly number[] }>({
  name: "permute",
  infer: ([x], { order }) => {
    if (order.length !== x.shape.length || normaliseAxes(order, order.length)?.length !== order.length) {
      throw new ShapeError("permute", `order [${order}] is not a permutation of the axes of ${formatShape(x.shape)}`);
    }
    return { shape: order.map((axis) => x.shape[axis]), dtype: x.dtype };
  },
  vjp: ({ cotangent, attrs }) => [cotangent.permute(attrs.order.map((_, axis) => attrs.order.indexOf(axis)))],
  reference: ({ inputs, output, attrs }, [x], out) => {
    const strides = stridesOf(inputs[0].shape);
    copyStrided(
      output.shape,
      attrs.order.map((axis) => strides[axis]),
      0,
      x,
      out,
    );
  },
  onnx: (builder, { attrs }, [x]) => builder.node("Transpose", [x], { perm: attrs.order }),
  webgpu: permuteInline,
  slices: { rows: ({ attrs }, rows) => (attrs.order[0] === 0 ? { inputs: [rows] } : undefined) },
  samples: [
    { inputs: [{ shape: [3, 5] }], attrs: { order: [1, 0] } },
    { inputs: [{ shape: [2, 3, 4, 5] }], attrs: { order: [3, 1, 0, 2] } },
    { inputs: [{ shape: [17, 5, 3, 3] }], attrs: { order: [0, 2, 3, 1] } },
    { inputs: [{ shape: [2, 32, 5, 7] }], attrs: { order: [1, 0, 3, 2] } },
  ],
  badSamples: [{ inputs: [{ shape: [2, 3], dtype: "f32" }], attrs: { order: [0, 0] }, why: /not a permutation/ }],
});

export const expand = definePrimitive<{ shape: readonly number[] }>({
  name: "expand",
  infer: ([x], { shape }) => {
    const both = broadcastShapes(x.shape, shape);
    if (!both || !sameShape(both, shape)) {
      throw new ShapeError("expand", `${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}`);
    }
    return { shape, dtype: x.dtype };
  },
  vjp: ({ inputs: [x], cotangent }) => [sumToShape(cotangent, x.shape)],
  reference: ({ inputs, output }, [x], out) =>
    copyStrided(output.shape, broadcastStrides(inputs[0].shape, output.shape), 0, x, out),
  onnx: (builder, { attrs }, [x]) => builder.node("Expand", [x, builder.ints(attrs.shape)]),
  webgpu: expandInline,
  slices: {
    rows: ({ inputs: [x], output, attrs }, rows) => ({
      inputs: [broadcastRows(x, output, rows)],
      attrs: { shape: shapeOfRows(attrs.shape, rows) },
    }),
  },
  samples: [
    { inputs: [{ shape: [] }], attrs: { shape: [3, 4] } },
    { inputs: [{ shape: [3, 1, 5] }], attrs: { shape: [2, 3, 4, 5] } },
    { inputs: [{ shape: [1, 32, 1, 1] }], attrs: { shape: [3, 32, 5, 5] } },
    { inputs: [{ shape: [17, 1, 3, 5] }], attrs: { shape: [17, 5, 3, 5] } },
  ],
  badSamples: [{ inputs: [{ shape: [2, 3], dtype: "f32" }], attrs: { shape: [3, 3] }, why: /does not broadcast/ }],
});

type PadAttrs = { low: readonly number[]; high: readonly number[] };

export const pad = definePrimitive<PadAttrs>({
  name: "pad",
  infer: ([x], { low, high }) => {
    const rank = x.shape.length;
    if (low.length !== rank || high.length !== rank || [...low, ...high].some((n) => n < 0 || !Number.isInteger(n))) {
      throw new ShapeError("pad", `margins [${low}] and [${high}] do not fit ${formatShape(x.shape)}`);
    }
    return { shape: x.shape.map((length, axis) => length + low[axis] + high[axis]), dtype: x.dtype };
  },
  vjp: ({ inputs: [x], cotangent, attrs }) => [
    cotangent.slice(
      attrs.low,
      attrs.low.map((margin, axis) => margin + x.shape[axis]),
    ),
  ],
  reference: ({ inputs, output, attrs }, [x], out) => {
    out.fill(0);
    const { shape } = inputs[0];
    const strides = stridesOf(output.shape);
    const coordinates = new Array<number>(shape.length).fill(0);
    for (let at = 0; at < sizeOf(shape); at++) {
      let to = 0;
      for (let axis = 0; axis < shape.length; axis++) to += (coordinates[axis] + attrs.low[axis]) * strides[axis];
      out[to] = x[at];
      for (let axis = shape.length - 1; axis >= 0 && ++coordinates[axis] === shape[axis]; axis--) coordinates[axis] = 0;
    }
  },
  onnx: (builder, { attrs }, [x]) => builder.node("Pad", [x, builder.ints([...attrs.low, ...attrs.high])]),
  webgpu: padInline,
  slices: { rows: ({ attrs: { low, high } }, rows) => (low[0] + high[0] === 0 ? { inputs: [rows] } : undefined) },
  samples: [
    { inputs: [{ shape: [3] }], attrs: { low: [2], high: [1] } },
    { inputs: [{ shape: [2, 3, 5, 4] }], attrs: { low: [0, 0, 1, 3], high: [0, 1, 0, 2] } },
    { inputs: [{ shape: [17, 1, 3, 5] }], attrs: { low: [0, 0, 2, 2], high: [0, 0, 2, 2] } },
    { inputs: [{ shape: [1, 32, 5, 3] }], attrs: { low: [1, 0, 0, 1], high: [0, 0, 1, 1] } },
  ],
  badSamples: [
    { inputs: [{ shape: [2], dtype: "f32" }], attrs: { low: [1, 1], high: [0, 0] }, why: /do not fit \[2\]/ },
  ],
});

type SliceAttrs = { start: readonly number[]; stop: readonly number[]; step: readonly number[] };

export const slice = definePrimitive<SliceAttrs>({
  name: "slice",
  infer: ([x], { start, stop, step }) => {
    const fits =
      [start, stop, step].every((part) => part.length === x.shape.length) &&
      x.shape.every(
        (length, axis) => 0 <= start[axis] && start[axis] < stop[axis] && stop[axis] <= length && step[axis] >= 1,
      );
    if (!fits) {
      throw new ShapeError("slice", `[${start}] to [${stop}] by [${step}] does not lie within ${formatShape(x.shape)}`);
    }
    return { shape: x.shape.map((_, axis) => Math.ceil((stop[axis] - start[axis]) / step[axis])), dtype: x.dtype };
  },
  vjp: ({ inputs: [x], output, cotangent, attrs }) => {
    const spread = spreadOut(cotangent, attrs.step);
    const high = x.shape.map(
      (length, axis) => length - attrs.start[axis] - ((output.shape[axis] - 1) * attrs.step[axis] + 1),
    );
    return [spread.pad(attrs.start, high)];
  },
  reference: ({ inputs, output, attrs }, [x], out) => {
    const strides = stridesOf(inputs[0].shape);
    const offset = attrs.start.reduce((sum, start, axis) => sum + start * strides[axis], 0);
    copyStrided(
      output.shape,
      strides.map((stride, axis) => stride * attrs.step[axis]),
      offset,
      x,
      out,
    );
  },
  onnx: (builder, { attrs }, [x]) => {
    const { ints } = builder;
    const axes = attrs.start.map((_, axis) => axis);
    return builder.node("Slice", [x, ints(attrs.start), ints(attrs.stop), ints(axes), ints(attrs.step)]);
  },
  webgpu: sliceInline,
  slices: {
    rows: ({ attrs: { start, stop, step } }, { from, to }) => {
      const length = (to - from - 1) * step[0] + 1;
      const first = start[0] + from * step[0];
      return {
        inputs: [{ from: first, to: first + length }],
        attrs: { start: [0, ...start.slice(1)], stop: [length, ...stop.slice(1)], step },
      };
    },
  },
  samples: [
    { inputs: [{ shape: [7] }], attrs: { start: [1], stop: [6], step: [2] } },
    { inputs: [{ shape: [2, 5, 9, 8] }], attrs: { start: [0, 1, 0, 3], stop: [2, 4, 9, 8], step: [1, 1, 3, 2] } },
    { inputs: [{ shape: [3, 32, 7, 5] }], attrs: { start: [1, 0, 1, 0], stop: [3, 32, 6, 5], step: [1, 1, 1, 1] } },
    { inputs: [{ shape: [17, 3, 4, 4] }], attrs: { start: [16, 0, 0, 0], stop: [17, 3, 4, 4], step: [1, 1, 1, 1] } },
  ],
  badSamples: [
    {
      inputs: [{ shape: [4], dtype: "f32" }],
      attrs: { start: [1], stop: [5], step: [1] },
      why: /does not lie within \[4\]/,
    },
  ],
});

/** Puts `step - 1` zeros between neighbours along each axis: [n] -> [(n - 1) * step + 1]. */
function spreadOut(x: Tensor, step: readonly number[]): Tensor {
  let out = x;
  step.forEach((by, axis) => {
    if (by === 1) return;
    const { shape } = out;
    const split = [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)];
    const margin = split.map((_, at) => (at === axis + 1 ? by - 1 : 0));
    const spaced = shape.map((length, at) => (at === axis ? length * by : length));
    const start = shape.map(() => 0);
    const stop = spaced.map((length, at) => (at === axis ? length - by + 1 : length));
    out = out
      .reshape(split)
      .pad(
        split.map(() => 0),
        margin,
      )
      .reshape(spaced)
      .slice(start, stop);
  });
  return out;
}

export const flip = definePrimitive<{ axes: readonly number[] }>({
  name: "flip",
  infer: ([x], { axes }) => {
    if (!normaliseAxes(axes, x.shape.length)) {
      throw new ShapeError("flip", `axes [${axes}] do not all exist in ${formatShape(x.shape)}`);
    }
    return x;
  },
  vjp: ({ cotangent, attrs }) => [cotangent.flip(attrs.axes)],
  reference: ({ output, attrs }, [x], out) => {
    const strides = stridesOf(output.shape);
    const offset = attrs.axes.reduce((sum, axis) => sum + (output.shape[axis] - 1) * strides[axis], 0);
    copyStrided(
      output.shape,
      strides.map((stride, axis) => (attrs.axes.includes(axis) ? -stride : stride)),
      offset,
      x,
      out,
    );
  },
  onnx: (builder, { attrs }, [x]) => {
    const all = (value: number) => builder.ints(attrs.axes.map(() => value));
    return builder.node("Slice", [x, all(-1), all(-(2 ** 31)), builder.ints(attrs.axes), all(-1)]);
  },
  webgpu: flipInline,
  slices: {
    rows: ({ output: { shape }, attrs }, { from, to }) => ({
      inputs: [attrs.axes.includes(0) ? { from: shape[0] - to, to: shape[0] - from } : { from, to }],
    }),
  },
  samples: [
    { inputs: [{ shape: [5] }], attrs: { axes: [0] } },
    { inputs: [{ shape: [2, 3, 3, 4] }], attrs: { axes: [2, 3] } },
    { inputs: [{ shape: [17, 5, 3, 7] }], attrs: { axes: [3] } },
    { inputs: [{ shape: [2, 32, 5, 3] }], attrs: { axes: [0, 1] } },
  ],
  badSamples: [{ inputs: [{ shape: [4], dtype: "f32" }], attrs: { axes: [1] }, why: /axes \[1\]/ }],
});

export const concat = definePrimitive<{ axis: number }>({
  name: "concat",
  infer: (inputs, { axis }) => {
    const [first] = inputs;
    for (const input of inputs) {
      const fits =
        input.dtype === first.dtype &&
        axis < first.shape.length &&
        input.shape.length === first.shape.length &&
        input.shape.every((length, at) => at === axis || length === first.shape[at]);
      if (!fits) {
        const shapes = inputs.map((each) => formatShape(each.shape)).join(", ");
        throw new ShapeError("concat", `${shapes} differ in more than axis ${axis}`);
      }
    }
    const length = inputs.reduce((total, input) => total + input.shape[axis], 0);
    return { shape: first.shape.map((own, at) => (at === axis ? length : own)), dtype: first.dtype };
  },
  vjp: ({ inputs, output, cotangent, attrs }) => {
    let from = 0;
    return inputs.map((input) => {
      const start = output.shape.map((_, at) => (at === attrs.axis ? from : 0));
      from += input.shape[attrs.axis];
      const stop = output.shape.map((length, at) => (at === attrs.axis ? from : length));
      return cotangent.slice(start, stop);
    });
  },
  reference: ({ inputs, output, attrs }, data, out) => {
    const inner = sizeOf(output.shape.slice(attrs.axis + 1));
    const outer = sizeOf(output.shape.slice(0, attrs.axis));
    let at = 0;
    for (let block = 0; block < outer; block++) {
      inputs.forEach((input, index) => {
        const length = input.shape[attrs.axis] * inner;
        for (let i = 0; i < length; i++) out[at++] = data[index][block * length + i];
      });
    }
  },
  onnx: (builder, { attrs }, inputs) => builder.node("Concat", inputs, { axis: attrs.axis }),
  webgpu: concatKernels,
  slices: {
    rows: ({ inputs, attrs }, rows) => {
      if (attrs.axis !== 0) return { inputs: inputs.map(() => rows) };
      let start = 0;
      return {
        inputs: inputs.map(({ shape: [length] }) => {
          const [from, to] = [Math.max(rows.from - start, 0), Math.min(rows.to - start, length)];
          start += length;
          return from < to ? { from, to } : "none";
        }),
      };
    },
  },
  samples: [
    { inputs: [{ shape: [2] }, { shape: [3] }], attrs: { axis: 0 } },
    { inputs: [{ shape: [2, 1, 3, 3] }, { shape: [2, 4, 3, 3] }, { shape: [2, 3, 3, 3] }], attrs: { axis: 1 } },
    { inputs: [{ shape: [2, 32, 3, 5] }, { shape: [17, 32, 3, 5] }], attrs: { axis: 0 } },
    { inputs: [{ shape: [3, 5, 1, 7] }, { shape: [3, 5, 4, 7] }], attrs: { axis: 2 } },
  ],
  badSamples: [
    {
      inputs: [
        { shape: [2, 3], dtype: "f32" },
        { shape: [3, 2], dtype: "f32" },
      ],
      attrs: { axis: 0 },
      why: /differ in more than axis 0/,
    },
  ],
});
