// Element-wise ops as a table: one row an op, with its formula on each backend and its derivative.
// Operands broadcast by NumPy's rule; a stretched operand's gradient is summed back.

import { ShapeError } from "../errors.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import type { TensorType } from "../op.ts";
import { type Attrs, definePrimitive, type Primitive, type Sample } from "../op.ts";
import { broadcastShapes, broadcastStrides, eachRow, formatShape } from "../shape.ts";
import { broadcastRows } from "../slices.ts";
import type { Tensor } from "../tensor.ts";
import { mapInline, type Words } from "../webgpu/inline.ts";

export type ElementwiseAttrs = Record<never, never>;

interface Row {
  /** float64 formula. */
  readonly reference: (...operands: number[]) => number;
  /** WGSL expression of its operands, which are all single numbers or all four. */
  readonly wgsl: (...operands: string[]) => string | ((words: Words) => string);
  /** Cost in simple operations, 1 by default. */
  readonly work?: number;
  /** ONNX op type, or how to emit it. */
  readonly onnx: string | ((builder: OnnxBuilder, operands: readonly string[]) => string);
  /** dL/d(operand) for each operand from the cotangent g, before stretched axes are summed. */
  readonly vjp: (g: Tensor, operands: readonly Tensor[], output: Tensor) => readonly (Tensor | null)[];
  readonly samples: readonly Sample<ElementwiseAttrs>[];
}

const unarySamples = (range: { low?: number; high?: number; awayFromZero?: number } = {}): Sample<ElementwiseAttrs>[] =>
  [[], [7], [2, 3, 5, 7], [17, 32, 3, 1]].map((shape) => ({ inputs: [{ shape, ...range }] }));

const binarySamples = (b: { low?: number; high?: number; awayFromZero?: number } = {}): Sample<ElementwiseAttrs>[] =>
  [
    [[5], [5]],
    [[2, 3, 4, 5], []],
    [
      [1, 3, 1, 1],
      [2, 3, 5, 4],
    ],
    [
      [2, 32, 3, 3],
      [2, 32, 1, 1],
    ],
    [
      [3, 1],
      [1, 4],
    ],
    [[4], [17, 1]],
  ].map(([left, right]) => ({ inputs: [{ shape: left }, { shape: right, ...b }] }));

/** Operands that are equal nowhere, the larger one on either side. */
const apartSamples: Sample<ElementwiseAttrs>[] = [
  [[3, 4], [4]],
  [
    [1, 5, 1, 1],
    [17, 5, 3, 5],
  ],
  [
    [2, 32, 5, 3],
    [2, 32, 5, 3],
  ],
].flatMap(([left, right]) => [
  {
    inputs: [
      { shape: left, low: 0.1 },
      { shape: right, high: 0 },
    ],
  },
  {
    inputs: [
      { shape: left, high: 0 },
      { shape: right, low: 0.1 },
    ],
  },
]);

/** Turns a boolean ONNX tensor into 0 and 1. */
const asFloat = (builder: OnnxBuilder, condition: string) => builder.node("Cast", [condition], { to: 1 });

const rows = {
  add: {
    reference: (a, b) => a + b,
    wgsl: (a, b) => `(${a} + ${b})`,
    onnx: "Add",
    vjp: (g) => [g, g],
    samples: binarySamples(),
  },
  sub: {
    reference: (a, b) => a - b,
    wgsl: (a, b) => `(${a} - ${b})`,
    onnx: "Sub",
    vjp: (g) => [g, g.neg()],
    samples: binarySamples(),
  },
  mul: {
    reference: (a, b) => a * b,
    wgsl: (a, b) => `(${a} * ${b})`,
    onnx: "Mul",
    vjp: (g, [a, b]) => [g.mul(b), g.mul(a)],
    samples: binarySamples(),
  },
  div: {
    reference: (a, b) => a / b,
    wgsl: (a, b) => `(${a} / ${b})`,
    work: 4,
    onnx: "Div",
    vjp: (g, [, b], y) => [g.div(b), g.mul(y).div(b).neg()], // d(a/b)/db = -(a/b)/b
    samples: binarySamples({ awayFromZero: 0.5 }),
  },
  maximum: {
    reference: (a, b) => Math.max(a, b),
    wgsl:
      (a, b) =>
      ({ isNan }) =>
        `select(max(${a}, ${b}), ${a} + ${b}, ${isNan(a)} | ${isNan(b)})`,
    onnx: "Max",
    // A tie gives half to each, as the maximum of two equal slopes.
    vjp: (g, [a, b]) => tieShared(g, a, b),
    samples: apartSamples,
  },
  minimum: {
    reference: (a, b) => Math.min(a, b),
    wgsl:
      (a, b) =>
      ({ isNan }) =>
        `select(min(${a}, ${b}), ${a} + ${b}, ${isNan(a)} | ${isNan(b)})`,
    onnx: "Min",
    vjp: (g, [a, b]) => tieShared(g, b, a),
    samples: apartSamples,
  },
  greater: {
    reference: (a, b) => (a > b ? 1 : 0),
    wgsl:
      (a, b) =>
      ({ number }) =>
        `select(${number(0)}, ${number(1)}, ${a} > ${b})`,
    onnx: (builder, operands) => asFloat(builder, builder.node("Greater", operands)),
    vjp: () => [null, null],
    samples: [
      {
        inputs: [
          { shape: [3, 4], awayFromZero: 0.1 },
          { shape: [], values: [0] },
        ],
      },
      {
        inputs: [
          { shape: [17, 32, 3, 1], low: 0.1 },
          { shape: [32, 1, 5], high: 0 },
        ],
      },
    ],
  },
  equal: {
    reference: (a, b) => (a === b ? 1 : 0),
    wgsl:
      (a, b) =>
      ({ number }) =>
        `select(${number(0)}, ${number(1)}, ${a} == ${b})`,
    onnx: (builder, operands) => asFloat(builder, builder.node("Equal", operands)),
    vjp: () => [null, null],
    samples: [
      {
        inputs: [
          { shape: [3, 4], values: [1, 2, 3, 4, 5, 0, 3, 0, 1, 1, 1, 5], constant: true },
          { shape: [4], values: [1, 0, 3, 5], constant: true },
        ],
      },
    ],
  },
  neg: {
    reference: (x) => -x,
    wgsl: (x) => `(-${x})`,
    onnx: "Neg",
    vjp: (g) => [g.neg()],
    samples: unarySamples(),
  },
  exp: {
    reference: Math.exp,
    wgsl: (x) => `exp(${x})`,
    work: 8,
    onnx: "Exp",
    vjp: (g, _x, y) => [g.mul(y)],
    samples: unarySamples(),
  },
  log: {
    reference: Math.log,
    // Drivers answer log with numbers where there are none: outside (0, infinity) the roots and the pole below are right.
    wgsl:
      (x) =>
      ({ bits, unsigned }) =>
        `select(sqrt(${x}) - 1.0 / abs(${x}), log(${x}), ${bits(x)} - ${unsigned(1)} < ${unsigned(0x7f7fffff)})`,
    work: 12,
    onnx: "Log",
    vjp: (g, [x]) => [g.div(x)],
    samples: unarySamples({ low: 0.3, high: 4 }),
  },
  sqrt: {
    reference: Math.sqrt,
    wgsl: (x) => `sqrt(${x})`,
    work: 8,
    onnx: "Sqrt",
    vjp: (g, _x, y) => [g.mul(0.5).div(y)],
    samples: unarySamples({ low: 0.3, high: 4 }),
  },
  reciprocal: {
    reference: (x) => 1 / x,
    wgsl: (x) => `(1.0 / ${x})`,
    work: 4,
    onnx: "Reciprocal",
    vjp: (g, _x, y) => [g.mul(y).mul(y).neg()],
    samples: unarySamples({ awayFromZero: 0.5 }),
  },
  tanh: {
    reference: Math.tanh,
    wgsl:
      (x) =>
      ({ number, isNan }) =>
        `select(tanh(clamp(${x}, ${number(-15)}, ${number(15)})), ${x}, ${isNan(x)})`, // some drivers overflow inside tanh
    work: 16,
    onnx: "Tanh",
    vjp: (g, _x, y) => [g.mul(y.constant(1).sub(y.mul(y)))],
    samples: unarySamples(),
  },
  erf: {
    reference: erf,
    // Abramowitz and Stegun, 7.1.26: within 1.5e-7.
    wgsl: (x) => {
      const t = `(1.0 / (1.0 + 0.3275911 * abs(${x})))`;
      const sum = [-1.453152027, 1.421413741, -0.284496736, 0.254829592].reduce(
        (inner, term) => `(${inner} * ${t} + ${term})`,
        "1.061405429",
      );
      return `(sign(${x}) * (1.0 - ${sum} * ${t} * exp(-${x} * ${x})))`;
    },
    work: 24,
    onnx: "Erf",
    vjp: (g, [x]) => [
      g.mul(
        x
          .square()
          .neg()
          .exp()
          .mul(2 / Math.sqrt(Math.PI)),
      ),
    ],
    samples: unarySamples(),
  },
  relu: {
    reference: (x) => Math.max(x, 0),
    wgsl:
      (x) =>
      ({ number, isNan }) =>
        `select(max(${x}, ${number(0)}), ${x}, ${isNan(x)})`,
    onnx: "Relu",
    vjp: (g, [x]) => [g.mul(x.step())],
    samples: unarySamples({ awayFromZero: 0.05 }),
  },
  abs: {
    reference: Math.abs,
    wgsl: (x) => `abs(${x})`,
    onnx: "Abs",
    vjp: (g, [x]) => [g.mul(x.sign())],
    samples: unarySamples({ awayFromZero: 0.05 }),
  },
  sign: {
    reference: Math.sign,
    wgsl:
      (x) =>
      ({ isNan }) =>
        `select(sign(${x}), ${x}, ${isNan(x)})`,
    onnx: "Sign",
    vjp: () => [null],
    samples: unarySamples({ awayFromZero: 0.05 }),
  },
} satisfies Record<string, Row>;

/** 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x, by its series of positive terms. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = (2 / Math.sqrt(Math.PI)) * x * Math.exp(-x * x);
  let sum = term;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return sum;
}

function tieShared(g: Tensor, larger: Tensor, smaller: Tensor): Tensor[] {
  const tie = larger.equal(smaller).mul(0.5);
  return [g.mul(larger.greater(smaller).add(tie)), g.mul(smaller.greater(larger).add(tie))];
}

function inferBroadcast(inputs: readonly TensorType[], name: string): TensorType {
  for (const input of inputs) {
    if (input.dtype !== "f32") throw new ShapeError(name, `needs f32, was given ${input.dtype}`);
  }
  return inputs.reduce((left, right) => {
    const shape = broadcastShapes(left.shape, right.shape);
    if (!shape) {
      const shapes = `${formatShape(left.shape)} and ${formatShape(right.shape)}`;
      throw new ShapeError(name, `shapes ${shapes} do not broadcast to one another`);
    }
    return { shape, dtype: "f32" };
  });
}

/** Sums a gradient over the axes along which its operand was stretched. */
export function sumToShape(g: Tensor, shape: readonly number[]): Tensor {
  const shift = g.rank - shape.length;
  const stretched = g.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < shift || (shape[axis - shift] === 1 && g.shape[axis] !== 1));
  const summed = stretched.length > 0 ? g.sum(stretched) : g;
  return summed.reshape(shape);
}

function defineRow(name: string, row: Row): Primitive<ElementwiseAttrs> {
  return definePrimitive<ElementwiseAttrs>({
    name,
    infer: (inputs) => inferBroadcast(inputs, name),
    vjp: ({ cotangent, inputs, output }) =>
      row
        .vjp(cotangent, inputs, output)
        .map((gradient, index) => gradient && sumToShape(gradient.expand(output.shape), inputs[index].shape)),
    reference: ({ output, inputs }, [left, right], out) => {
      const strides = inputs.map((input) => broadcastStrides(input.shape, output.shape));
      const [i, j] = strides.map((own) => own.at(-1) ?? 0);
      eachRow(output.shape, strides, (at, [a, b], length) => {
        if (right) for (let x = 0; x < length; x++) out[at + x] = row.reference(left[a + x * i], right[b + x * j]);
        else for (let x = 0; x < length; x++) out[at + x] = row.reference(left[a + x * i]);
      });
    },
    onnx: (builder, _node, inputs) =>
      typeof row.onnx === "string" ? builder.node(row.onnx, inputs) : row.onnx(builder, inputs),
    webgpu: mapInline((words, ...operands) => {
      const formula = row.wgsl(...operands);
      return typeof formula === "string" ? formula : formula(words);
    }, row.work),
    slices: {
      rows: ({ inputs, output }, rows) => ({ inputs: inputs.map((input) => broadcastRows(input, output, rows)) }),
    },
    samples: row.samples,
    badSamples:
      row.samples[0].inputs.length === 2
        ? [
            {
              inputs: [
                { shape: [2, 3], dtype: "f32" },
                { shape: [2], dtype: "f32" },
              ],
              why: /\[2,3\] and \[2\] do not broadcast/,
            },
          ]
        : [{ inputs: [{ shape: [2], dtype: "i32" }], why: /needs f32/ }],
  });
}

type ElementwiseName = keyof typeof rows;

export const elementwise = Object.fromEntries(
  Object.entries(rows).map(([name, row]) => [name, defineRow(name, row as Row)]),
) as Record<ElementwiseName, Primitive<ElementwiseAttrs>>;

export const elementwiseOps: readonly Primitive<Attrs>[] = Object.values(elementwise);
