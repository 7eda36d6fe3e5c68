// What an op's ONNX lowering writes to: nodes, small constants, and the attributes that they take.

export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxBuilder {
  /** How many channels lie together where ONNX Runtime computes convolutions in blocks; undefined where it does not. */
  readonly channelBlock: number | undefined;
  /** Adds a node with one output and returns the output's name. Numbers are int64 attributes; `{ float }` a float. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    domain?: string,
  ): string;
  /** Adds a node with `count` outputs and returns their names. */
  nodes(
    opType: string,
    inputs: readonly string[],
    count: number,
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    domain?: string,
  ): string[];
  /** A one-dimensional int64 constant. */
  ints(values: readonly number[]): string;
  /** A float32 constant; a scalar unless a shape is given. */
  floats(values: readonly number[], shape?: readonly number[]): string;
}
