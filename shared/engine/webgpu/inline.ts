// Ops that a kernel computes where their result is read: no memory, no dispatch of their own. Each says how one element
// (or four neighbours along an axis) follows from elements of its inputs.
import type { Attrs, TensorType } from "../op.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { combine, divide, fixed, type Index, isMultiple, named, shift } from "./linear-index.ts";

/** Logical coordinates of an element; along `vector`, of it and the three behind it. */
export interface Place {
  readonly at: readonly Index[];
  readonly vector: number | undefined;
}

/** WGSL of numbers, in formulas that are the same for one element and for four. */
export interface Words {
  readonly type: "f32" | "vec4f";
  number(value: number): string;
  isNan(x: string): string;
  /** The bits of a number, and unsigned numbers to compare them with. */
  bits(x: string): string;
  unsigned(value: number): string;
}

export interface InlineContext<A extends Attrs = Attrs> extends Words {
  readonly inputs: readonly TensorType[];
  readonly output: TensorType;
  readonly attrs: A;
  readonly place: Place;
  /** WGSL of an input at a place, as many elements as are computed. */
  read(input: number, place: Place): string;
  /** WGSL of one element of an input as it is, for indices. */
  integer(input: number, place: Place): string;
  /** WGSL of an index. */
  index(index: Index): string;
  /** The name of a WGSL expression that is computed once. */
  bind(wgsl: string): string;
}

export interface Inline<A extends Attrs = Attrs> {
  /** WGSL of the element or elements at `place`; undefined where four at once cannot be had. */
  inline(context: InlineContext<A>): string | undefined;
  /** Cost of an element in simple operations. */
  readonly work: number;
  /** Whether elements of an input are read so often that it is better computed before. */
  readonly scattered?: (attrs: A) => boolean;
}

/** An op that folds elements over `attrs.axes`. */
export interface Reduction {
  readonly reduce: "sum" | "max";
}

/** Coordinates of the element of a tensor of `shape` that broadcasting puts at `place`. */
export function broadcastPlace({ at, vector }: Place, shape: Shape): Place {
  const drop = at.length - shape.length;
  const isStretched = vector === undefined || vector < drop || shape[vector - drop] === 1;
  return {
    at: shape.map((length, axis) => (length === 1 ? fixed(0) : at[axis + drop])),
    vector: isStretched ? undefined : vector - drop,
  };
}

/** An element-wise op from its formula. */
export function mapInline(formula: (words: Words, ...operands: string[]) => string, work = 1): Inline {
  return {
    work,
    inline: (context) =>
      formula(
        context,
        ...context.inputs.map((input, at) => context.read(at, broadcastPlace(context.place, input.shape))),
      ),
  };
}

const moved = (place: (context: InlineContext) => Place | undefined): Inline => ({
  work: 0,
  inline: (context) => {
    const from = place(context);
    return from && context.read(0, from);
  },
});

export const expandInline = moved(({ place, inputs: [x] }) => broadcastPlace(place, x.shape));

export const permuteInline = moved((context) => {
  const { order } = context.attrs as { order: readonly number[] };
  const { at, vector } = context.place;
  return {
    at: order.map((_, axis) => at[order.indexOf(axis)]),
    vector: vector === undefined ? undefined : order[vector],
  };
});

export const sliceInline = moved((context) => {
  const { start, step } = context.attrs as { start: readonly number[]; step: readonly number[] };
  const { at, vector } = context.place;
  if (vector !== undefined && step[vector] !== 1) return undefined;
  return { at: at.map((index, axis) => combine([[index, step[axis]]], start[axis])), vector };
});

export const flipInline = moved((context) => {
  const { axes } = context.attrs as { axes: readonly number[] };
  const { at, vector } = context.place;
  if (vector !== undefined && axes.includes(vector)) return undefined;
  const { shape } = context.output;
  return {
    at: at.map((index, axis) => (axes.includes(axis) ? combine([[index, -1]], shape[axis] - 1) : index)),
    vector,
  };
});

export const reshapeInline = moved((context) =>
  reshapedPlace(context.place, context.output.shape, context.inputs[0].shape, context.bind),
);

/** Coordinates in `from` of the element at `place` of the same numbers as `to`; undefined where four neighbours part. */
export function reshapedPlace(
  { at, vector }: Place,
  to: Shape,
  from: Shape,
  bind: (wgsl: string) => string,
): Place | undefined {
  const result: Index[] = [];
  let moved: number | undefined;
  for (const { outer, inner } of segments(from, to)) {
    // The axes of one segment hold the same numbers in both shapes.
    let rest = combine(inner.map((axis, place) => [at[axis], sizeOf(inner.slice(place + 1).map((each) => to[each]))]));
    const coordinates: Index[] = [];
    for (const axis of outer.toReversed()) {
      const isLast = coordinates.length === outer.length - 1;
      const { quotient, rest: coordinate } = isLast ? { quotient: fixed(0), rest } : divide(rest, from[axis], bind);
      coordinates.unshift(coordinate);
      rest = quotient;
    }
    result.push(...coordinates);
    if (vector !== undefined && inner.includes(vector)) {
      const long = outer.filter((axis) => from[axis] > 1);
      const innermost = long.at(-1);
      const staysTogether =
        innermost !== undefined &&
        inner.filter((axis) => to[axis] > 1).at(-1) === vector &&
        (long.length === 1 || (from[innermost] % 4 === 0 && isMultiple(coordinates[outer.indexOf(innermost)], 4)));
      if (!staysTogether) return undefined;
      moved = innermost;
    }
  }
  return { at: result, vector: moved };
}

/** Runs of axes that hold the same numbers, as short as the two shapes allow. */
function segments(from: Shape, to: Shape): { outer: number[]; inner: number[] }[] {
  const runs: { outer: number[]; inner: number[] }[] = [];
  let [a, b] = [0, 0];
  while (a < from.length && b < to.length) {
    const run = { outer: [a], inner: [b] };
    let [left, right] = [from[a++], to[b++]];
    while (left !== right) {
      if (left < right) {
        left *= from[a];
        run.outer.push(a++);
      } else {
        right *= to[b];
        run.inner.push(b++);
      }
    }
    runs.push(run);
  }
  // What is left on one side is of length 1.
  const last = runs.at(-1) ?? { outer: [], inner: [] };
  while (a < from.length) last.outer.push(a++);
  while (b < to.length) last.inner.push(b++);
  return runs.length > 0 ? runs : [last];
}

export const padInline: Inline = {
  work: 2,
  inline: (context) => {
    const { low, high } = context.attrs as { low: readonly number[]; high: readonly number[] };
    const { at, vector } = context.place;
    if (vector !== undefined && (low[vector] > 0 || high[vector] > 0)) return undefined;
    const inside = context.inputs[0].shape.flatMap((length, axis) => {
      const tests: string[] = [];
      if (low[axis] > 0) tests.push(`${context.index(at[axis])} >= ${low[axis]}u`);
      if (high[axis] > 0) tests.push(`${context.index(at[axis])} < ${low[axis] + length}u`);
      return tests;
    });
    const value = context.read(0, { at: at.map((index, axis) => shift(index, -low[axis])), vector });
    return inside.length === 0 ? value : `select(${context.number(0)}, ${value}, ${inside.join(" && ")})`;
  },
};

export const avgPoolInline: Inline = {
  work: 4,
  scattered: (attrs) => (attrs as { size: number }).size > 2,
  inline: (context) => {
    const { size } = context.attrs as { size: number };
    const { at, vector } = context.place;
    if (vector === 2 || vector === 3) return undefined;
    const taps: string[] = [];
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const from = [at[0], at[1], combine([[at[2], size]], y), combine([[at[3], size]], x)];
        taps.push(context.read(0, { at: from, vector }));
      }
    return `((${taps.join(" + ")}) * ${context.number(1 / (size * size))})`;
  },
};

export const avgPoolGradInline: Inline = {
  work: 2,
  inline: (context) => {
    const { size } = context.attrs as { size: number };
    const { at, vector } = context.place;
    if (vector === 2 || vector === 3) return undefined;
    const [, , height, width] = context.inputs[0].shape;
    const [y, x] = [at[2], at[3]].map((index) => divide(index, size, context.bind).quotient);
    const value = `(${context.read(0, { at: [at[0], at[1], y, x], vector })} * ${context.number(1 / (size * size))})`;
    const [, , rows, columns] = context.output.shape;
    const tests = [
      ...(rows > height * size ? [`${context.index(y)} < ${height}u`] : []),
      ...(columns > width * size ? [`${context.index(x)} < ${width}u`] : []),
    ];
    return tests.length === 0 ? value : `select(${context.number(0)}, ${value}, ${tests.join(" && ")})`;
  },
};

export const gatherInline: Inline = {
  work: 1,
  inline: (context) => {
    const { at, vector } = context.place;
    if (vector === 0) return undefined;
    const [x] = context.inputs;
    const row = context.bind(`u32(${context.integer(1, { at: [at[0]], vector: undefined })})`);
    return context.read(0, { at: [named(row, x.shape[0]), ...at.slice(1)], vector });
  },
};
