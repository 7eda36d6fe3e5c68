// Rewrites a graph so that no tensor is larger than the device binds: what is too large, and what follows from it row by row, is
// computed in slices of its first axis, down to where the slices are summed or small enough to be joined.
import { type Graph, type Node, topologicalOrder } from "../graph.ts";
import { asOp, definePrimitive, type NodeView, type Op } from "../op.ts";
import { elementwise } from "../ops/elementwise.ts";
import { concat, slice } from "../ops/movement.ts";
import { sizeOf } from "../shape.ts";
import { type Part, type Rows, type Slices, shapeOfRows } from "../slices.ts";
import { bufferBytes } from "./layout.ts";

export interface SplitLimits {
  /** Bytes of the largest tensor. */
  readonly most: number;
  /** What the place of a tensor in its buffer is a multiple of. */
  readonly alignment: number;
}

export interface Split {
  readonly outputs: readonly Node[];
  /** What is left of each slice, slice by slice: computed in this order, one slice is done with before the next begins. */
  readonly first: readonly Node[];
}

/** Rows of a program's input, read where they lie. */
export const inputRows: Op = asOp(
  definePrimitive<{ from: number; to: number }>({
    name: "inputRows",
    infer: ([x], rows) => ({ shape: shapeOfRows(x.shape, rows), dtype: x.dtype }),
    vjp: () => [null],
    reference: ({ output, attrs }, [x], out) => {
      const start = attrs.from * sizeOf(output.shape.slice(1));
      out.set(x.subarray(start, start + out.length));
    },
    onnx: () => "",
    webgpu: () => "alias",
    samples: [],
  }),
);

const isInput = ({ op }: Node) => op.name === "input";
const rowBytes = ({ shape }: Node) => 4 * sizeOf(shape.slice(1));

const combinations = { sum: asOp(elementwise.add), max: asOp(elementwise.maximum) };

const slicesOf = ({ op }: Node): Slices | undefined => (op.kind === "primitive" ? op.slices : undefined);
const viewOf = (node: Node): NodeView => ({ inputs: node.inputs, output: node, attrs: node.attrs });
const isRows = (taken: Part["inputs"][number]): taken is Rows => typeof taken === "object";

/** The same outputs, with nothing larger stored or bound where the ops allow it. */
export function splitLarge(graph: Graph, outputs: readonly Node[], { most, alignment }: SplitLimits): Split {
  const order = topologicalOrder(outputs);
  const cuts = cutsOf(order, most, alignment);
  if (cuts.size === 0) return { outputs, first: [] };
  const isLarge = ({ shape }: Node) => bufferBytes(shape) > most;
  const make = (op: Op, inputs: readonly Node[], attrs: Node["attrs"] = {}) => graph.node(op, inputs, attrs);
  /** The slices of the nodes that are computed so. */
  const sliced = new Map<Node, readonly Node[]>();
  const wholes = new Map<Node, Node>();
  /** What is left of each slice of axes of a length. */
  const ends = new Map([...cuts].map(([length, own]) => [length, own.map((): Node[] => [])]));

  const join = (parts: readonly Node[]) => (parts.length === 1 ? parts[0] : make(asOp(concat), parts, { axis: 0 }));

  const cut = (node: Node, { from, to }: Rows): Node => {
    if (from === 0 && to === node.shape[0]) return node;
    if (isInput(node) && (from * rowBytes(node)) % alignment === 0) return make(inputRows, [node], { from, to });
    const start = node.shape.map((_, axis) => (axis === 0 ? from : 0));
    const stop = node.shape.map((length, axis) => (axis === 0 ? to : length));
    return make(asOp(slice), [node], { start, stop, step: node.shape.map(() => 1) });
  };

  const endWith = (length: number, parts: readonly Node[]): readonly Node[] => {
    parts.forEach((part, at) => void ends.get(length)?.[at].push(part));
    return parts;
  };

  const whole = (node: Node): Node => {
    const known = wholes.get(node);
    if (known) return known;
    const parts = sliced.get(node);
    const result = parts && !isLarge(node) ? join(endWith(node.shape[0], parts)) : (folded(node) ?? remade(node));
    wholes.set(node, result);
    return result;
  };

  const remade = (node: Node): Node => {
    const inputs = node.inputs.map(whole);
    return inputs.every((input, at) => input === node.inputs[at]) ? node : make(node.op, inputs, node.attrs);
  };

  const rowsOf = (node: Node, rows: Rows): Node => {
    const parts = sliced.get(node);
    if (!parts) return cut(whole(node), rows);
    const own = cuts.get(node.shape[0]) as readonly Rows[];
    return join(
      own.flatMap(({ from, to }, at) => {
        const overlap = { from: Math.max(rows.from, from) - from, to: Math.min(rows.to, to) - from };
        return overlap.from < overlap.to ? [cut(parts[at], overlap)] : [];
      }),
    );
  };

  const folded = (node: Node): Node | undefined => {
    const fold = slicesOf(node)?.fold?.(viewOf(node));
    const first = node.inputs.find((input, at) => fold?.cut[at] && sliced.has(input));
    if (!fold || !first) return undefined;
    const [length] = first.shape;
    const parts = (cuts.get(length) as readonly Rows[]).map((rows) => {
      const inputs = node.inputs.map((input, at) => (fold.cut[at] ? rowsOf(input, rows) : whole(input)));
      return make(node.op, inputs, node.attrs);
    });
    return endWith(length, parts).reduce((left, right) => make(combinations[fold.combine], [left, right]));
  };

  /** A node's slices, where it has to be computed in them. */
  const slicesFor = (node: Node): Node[] | undefined => {
    const parts = cuts.get(node.shape[0])?.map((rows) => slicesOf(node)?.rows?.(viewOf(node), rows));
    if (!parts?.every((part) => part !== undefined)) return undefined;
    const follows = parts.some(({ inputs }) =>
      inputs.some((taken, at) => isRows(taken) && sliced.has(node.inputs[at])),
    );
    if (!follows && !isLarge(node)) return undefined;
    return parts.map(({ inputs, attrs }) => {
      const taken = inputs.flatMap((each, at) => {
        if (each === "none") return [];
        return [each === "all" ? whole(node.inputs[at]) : rowsOf(node.inputs[at], each)];
      });
      return make(node.op, taken, attrs ?? node.attrs);
    });
  };

  for (const node of order) {
    const isTooLarge = isInput(node) && isLarge(node);
    const parts = isTooLarge ? cuts.get(node.shape[0])?.map((rows) => cut(node, rows)) : slicesFor(node);
    if (parts) sliced.set(node, parts);
    else whole(node);
  }
  const rewritten = outputs.map(whole);
  const used = new Set(topologicalOrder(rewritten));
  // The longest axes are those of data from which no gradient is kept until later.
  const byLength = [...ends].sort(([a], [b]) => b - a).flatMap(([, own]) => own.flat());
  return { outputs: rewritten, first: byLength.filter((end) => used.has(end)) };
}

/** How axes of each length are cut, so that every large tensor whose first axis is as long comes in parts that fit. */
function cutsOf(nodes: readonly Node[], most: number, alignment: number): ReadonlyMap<number, readonly Rows[]> {
  const needs = new Map<number, { rows: number; grain: number }>();
  for (const node of nodes) {
    if (bufferBytes(node.shape) <= most || !(slicesOf(node)?.rows || isInput(node))) continue;
    const [length] = node.shape;
    const bytes = rowBytes(node);
    const known = needs.get(length) ?? { rows: length, grain: 1 };
    needs.set(length, {
      rows: Math.min(known.rows, Math.floor((most - (most % bufferBytes([]))) / bytes)),
      // An input is read where it lies, from places that are aligned.
      grain: isInput(node)
        ? leastCommonMultiple(known.grain, leastCommonMultiple(bytes, alignment) / bytes)
        : known.grain,
    });
  }
  const cuts = [...needs].map(([length, { rows, grain }]) => [length, cutEvenly(length, rows, grain)] as const);
  return new Map(cuts.filter(([, own]) => own.length > 0));
}

/** Parts of at most so many rows that begin at multiples of the grain: equal ones, which share their kernels, if those are not many more. */
function cutEvenly(length: number, rows: number, grain: number): Rows[] {
  const grains = Math.ceil(length / grain);
  const fewest = Math.ceil(grains / Math.floor(rows / grain));
  if (!Number.isFinite(fewest)) return [];
  let count = fewest;
  while (grains % count !== 0 && count < 2 * fewest) count++;
  if (grains % count !== 0) count = fewest;
  const edge = (at: number) => Math.min(length, grain * Math.floor((at * grains) / count));
  return Array.from({ length: count }, (_, at) => ({ from: edge(at), to: edge(at + 1) }));
}

function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
}
