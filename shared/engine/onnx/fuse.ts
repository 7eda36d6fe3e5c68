// Pairs of ops that one ONNX node, or a cheaper pair, computes at once: a list of patterns, each with its way to emit it.
import type { Node } from "../graph.ts";
import { type ConvAttrs, convSizes } from "../ops/conv2d.ts";
import type { OnnxBuilder } from "./builder.ts";
import { emitConvolution } from "./convolution.ts";

export interface Fusion {
  /** Nodes that are computed on the way and need no names of their own. */
  readonly absorbed: readonly Node[];
  emit(builder: OnnxBuilder, nameOf: (node: Node) => string): string;
}

type Pattern = (node: Node) => Fusion | undefined;

/** One operand of a given kind and the other, in either order. */
function operands(node: Node, isFirst: (input: Node) => boolean): readonly [Node, Node] | undefined {
  const [left, right] = node.inputs;
  if (isFirst(left)) return [left, right];
  return isFirst(right) ? [right, left] : undefined;
}

const isZero = (node: Node) => node.op.name === "constant" && node.attrs.value === 0;

const patterns: readonly Pattern[] = [
  // x > 0 as numbers: one vectorised pass, where a comparison, its numbers and a choice take several. Steep enough for every x
  // but the smallest subnormal ones.
  (node) => {
    if (node.op.name !== "greater" || !isZero(node.inputs[1])) return undefined;
    const [x] = node.inputs;
    return {
      absorbed: [],
      emit: (builder, nameOf) =>
        builder.node("HardSigmoid", [nameOf(x)], { alpha: { float: 2 ** 127 }, beta: { float: 0 } }),
    };
  },
  // conv2d(x, w) + b[1, c, 1, 1]: ONNX's convolution takes the bias along.
  (node) => {
    if (node.op.name !== "add") return undefined;
    const [conv, bias] = operands(node, (input) => input.op.name === "conv2d") ?? [];
    const channels = node.shape[1];
    if (
      !conv ||
      !bias ||
      bias.shape.length !== 4 ||
      bias.shape.some((side, axis) => side !== (axis === 1 ? channels : 1))
    ) {
      return undefined;
    }
    return {
      absorbed: [conv],
      emit: (builder, nameOf) => {
        const flat = builder.node("Reshape", [nameOf(bias), builder.ints([channels])]);
        const [images, weights] = conv.inputs;
        const sizes = convSizes(images.shape, weights.shape, conv.attrs as ConvAttrs);
        return emitConvolution(builder, [...conv.inputs.map(nameOf), flat], sizes);
      },
    };
  },
  // sum(x * x): squares that are only summed need not be stored.
  (node) => {
    if (node.op.name !== "sum") return undefined;
    const [product] = node.inputs;
    if (product.op.name !== "mul" || product.inputs[0] !== product.inputs[1]) return undefined;
    const { axes, keepAxes } = node.attrs as { axes: readonly number[]; keepAxes: boolean };
    return {
      absorbed: [product],
      emit: (builder, nameOf) =>
        builder.node("ReduceSumSquare", [nameOf(product.inputs[0]), builder.ints(axes)], {
          keepdims: keepAxes ? 1 : 0,
        }),
    };
  },
  // g * (a > b): a choice needs no numbers made of the comparison.
  (node) => {
    if (node.op.name !== "mul") return undefined;
    const [mask, values] = operands(node, (input) => input.op.name === "greater") ?? [];
    if (!mask || !values || mask === values || isZero(mask.inputs[1])) return undefined;
    return {
      absorbed: [mask],
      emit: (builder, nameOf) => {
        const condition = builder.node("Greater", mask.inputs.map(nameOf));
        return builder.node("Where", [condition, nameOf(values), builder.floats([0])]);
      },
    };
  },
];

/** The fusions of a program, by the node that each ends in. A node is absorbed only where every user takes part. */
export function findFusions(order: readonly Node[], outputs: readonly Node[]): Map<Node, Fusion> {
  const users = new Map<Node, Node[]>();
  for (const node of order) for (const input of node.inputs) users.set(input, [...(users.get(input) ?? []), node]);
  const found = new Map<Node, Fusion>();
  for (const node of order) {
    const fusion = patterns.map((pattern) => pattern(node)).find((each) => each !== undefined);
    if (fusion) found.set(node, fusion);
  }
  const absorbs = (user: Node, node: Node) => found.get(user)?.absorbed.includes(node) === true;
  const kept = new Set<Node>(outputs);
  for (const [node, fusion] of found) {
    const possible = fusion.absorbed.every(
      (each) => !kept.has(each) && users.get(each)?.every((user) => absorbs(user, each)),
    );
    // Several convolutions for one would cost more than they save; a comparison is shared by name.
    const isOnce = fusion.absorbed.every((each) => each.op.name !== "conv2d" || users.get(each)?.length === 1);
    if (!possible || !isOnce) found.delete(node);
  }
  return found;
}
