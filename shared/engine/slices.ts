// How ops are computed in slices: rows of a result from rows of its inputs, where a row is an element of the first axis, or a
// result as the sum or maximum of what slices of the inputs give. What a device cannot bind at once is computed so.
import type { Attrs, NodeView, TensorType } from "./op.ts";

export interface Rows {
  readonly from: number;
  readonly to: number;
}

/** An op's application that gives some rows of a result. */
export interface Part {
  /** What it takes of each input; an input of which it takes "none" is left out. */
  readonly inputs: readonly (Rows | "all" | "none")[];
  /** Its settings, where they differ from the op's. */
  readonly attrs?: Attrs;
}

export interface Fold {
  /** Whether each input is cut; those that are have as many rows. */
  readonly cut: readonly boolean[];
  readonly combine: "sum" | "max";
}

/** Declared by an op that can be computed in slices. */
export interface Slices<A extends Attrs = Attrs> {
  /** The part that gives `rows` of the result; undefined where none does. */
  rows?(node: NodeView<A>, rows: Rows): Part | undefined;
  /** How the whole result is folded from slices of the inputs; undefined where it is not. */
  fold?(node: NodeView<A>): Fold | undefined;
}

/** Each row follows from the same row of every input. */
export const rowByRow: Slices = { rows: ({ inputs }, rows) => ({ inputs: inputs.map(() => rows) }) };

/** Each row follows from the same row of the first input and all of the others. */
export const rowByFirst: Slices = {
  rows: ({ inputs }, rows) => ({ inputs: inputs.map((_, at) => (at === 0 ? rows : "all")) }),
};

/** The result is a sum over the rows that all inputs share. */
export const sumOverRows: Slices = { fold: ({ inputs }) => ({ cut: inputs.map(() => true), combine: "sum" }) };

/** The rows of an operand that broadcasting stretches to `rows` of the result. */
export function broadcastRows(operand: TensorType, output: TensorType, rows: Rows): Rows | "all" {
  const isStretched = operand.shape.length < output.shape.length || operand.shape[0] !== output.shape[0];
  return isStretched ? "all" : rows;
}

/** A shape of which only `rows` are left. */
export const shapeOfRows = (shape: readonly number[], { from, to }: Rows): number[] => [to - from, ...shape.slice(1)];
