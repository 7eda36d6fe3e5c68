// Rewrites a graph for the GPU before its nodes are put together into kernels: long sums are cut into parts, and an op with
// kernels of its own that leaves parts is followed by their sum, which then joins whatever comes next.
import { invariant } from "../../lib/invariant.ts";
import { flopsOf } from "../flops.ts";
import { type Graph, type Node, topologicalOrder } from "../graph.ts";
import { type Attrs, asOp, definePrimitive, type Op, type Primitive } from "../op.ts";
import { permute, reshape } from "../ops/movement.ts";
import { keptShape, max, sum } from "../ops/reduce.ts";
import { type Shape, sizeOf } from "../shape.ts";
import type { Inline, Reduction } from "./inline.ts";
import type { GpuNode, Lowering } from "./kernel.ts";
import { deviceStrides, physicalOrder } from "./layout.ts";
import { inputRows, type Split } from "./split.ts";

/** How an op is computed on a GPU. */
export function gpuForm(node: Node): Primitive["webgpu"] {
  invariant(node.op.kind === "primitive", `${node.op.name} is expanded before it reaches the webgpu backend`);
  return node.op.webgpu;
}

export const isReduction = (node: Node): boolean => reductionOf(node) !== undefined;

export function reductionOf(node: Node): Reduction | undefined {
  const form = gpuForm(node);
  return typeof form === "object" && "reduce" in form ? form : undefined;
}

export function inlineOf(node: Node): Inline | undefined {
  const form = gpuForm(node);
  return typeof form === "object" && "inline" in form ? form : undefined;
}

type PartsAttrs = { axes: readonly number[]; parts: number };

/** The first pass of a long reduction: [parts, ...kept axes]. */
const partial = (reduce: Reduction["reduce"]) =>
  internal<PartsAttrs>(`${reduce}Parts`, { reduce }, ([x], { axes, parts }) => [
    parts,
    ...x.shape.filter((_, axis) => !axes.includes(axis)),
  ]);

const partials = { sum: partial("sum"), max: partial("max") };
const whole = { sum, max };

/** Parts that an op's own kernels leave, one after the other: [parts, elements of the result as they lie in memory]. */
const kernelParts = internal<{ of: string; shape: readonly number[] }>(
  "kernelParts",
  () => "alias",
  (_inputs, { shape }) => shape,
);

/** An op that exists only between the graph and its kernels. */
function internal<A extends Attrs>(
  name: string,
  webgpu: Primitive<A>["webgpu"],
  shapeOf: (inputs: readonly { shape: Shape }[], attrs: A) => Shape,
): Op {
  const never = (): never => {
    throw new Error(`${name} is of the webgpu backend alone`);
  };
  return asOp(
    definePrimitive<A>({
      name,
      infer: (inputs, attrs) => ({ shape: shapeOf(inputs, attrs), dtype: "f32" }),
      vjp: never,
      reference: never,
      onnx: never,
      webgpu,
      samples: [],
    }),
  );
}

export interface Lowered {
  readonly outputs: readonly Node[];
  /** Nodes to be stored before all else, in this order. */
  readonly first: readonly Node[];
  /** The kernels of nodes that have their own. */
  readonly kernels: ReadonlyMap<Node, Exclude<Lowering, "alias">>;
  /** Floating-point operations of those nodes. */
  readonly flops: ReadonlyMap<Node, number>;
}

/** Elements of a part at least: fewer are not worth a dispatch, and on a CPU, where few invocations are at work, many more. */
const elementsPerPart = (busy: number) => Math.max(1024, 2 ** 20 / busy);
const MAX_PARTS = 1024;
const MAX_LANES = 32;

/** Into how many parts a reduction of `length` elements to `results` is cut, to keep `busy` invocations busy. */
function partsOf(results: number, length: number, busy: number): number {
  const lanes = Math.ceil(results / 4) * MAX_LANES;
  if (lanes >= busy) return 1;
  return Math.max(1, Math.min(Math.floor(length / elementsPerPart(busy)), Math.ceil(busy / lanes), MAX_PARTS));
}

/** `busy` is how many invocations keep the device busy; `lower` gives the kernels of an op that has its own. */
export function lowerForGpu(
  graph: Graph,
  { outputs, first }: Split,
  busy: number,
  lower: (node: Node) => Lowering,
): Lowered {
  const kernels = new Map<Node, Exclude<Lowering, "alias">>();
  const flops = new Map<Node, number>();
  const replaced = new Map<Node, Node>();
  const make = (op: Op, inputs: readonly Node[], attrs: Attrs) => graph.node(op, inputs, attrs);

  const replace = (node: Node): Node => {
    const inputs = node.inputs.map((input) => replaced.get(input) as Node);
    const same = inputs.every((input, at) => input === node.inputs[at]);
    const current = same ? node : graph.node(node.op, inputs, node.attrs);
    const reduction = reductionOf(current);
    if (reduction) return cut(current, reduction);
    if (typeof gpuForm(current) !== "function" || isSource(current)) return current;
    const lowering = lower(current);
    invariant(lowering !== "alias", `${current.op.name} has kernels`);
    if (!lowering.parts || lowering.parts === 1) {
      kernels.set(current, lowering);
      flops.set(current, flopsOf(current));
      return current;
    }
    return join(current, lowering, lowering.parts);
  };

  const cut = (node: Node, { reduce }: Reduction): Node => {
    const { axes } = node.attrs as PartsAttrs;
    const [x] = node.inputs;
    const results = sizeOf(node.shape);
    const parts = partsOf(results, sizeOf(x.shape) / Math.max(1, results), busy);
    if (parts === 1) return node;
    const first = make(partials[reduce], [x], { axes, parts });
    const joined = make(asOp(whole[reduce]), [first], { axes: [0], keepAxes: false });
    const kept = (node.attrs as { keepAxes?: boolean }).keepAxes ? keptShape(x.shape, axes) : joined.shape;
    return kept === joined.shape ? joined : make(asOp(reshape), [joined], { shape: kept });
  };

  const join = (node: Node, lowering: Exclude<Lowering, "alias">, parts: number): Node => {
    const order = physicalOrder(node);
    const attrs = { of: `${node.op.name} ${JSON.stringify(node.attrs)}`, shape: [parts, sizeOf(node.shape)] };
    const first = make(kernelParts, node.inputs, attrs);
    kernels.set(first, lowering);
    flops.set(first, flopsOf(node));
    const joined = make(asOp(sum), [first], { axes: [0], keepAxes: false });
    const inMemory = make(asOp(reshape), [joined], { shape: order.map((axis) => node.shape[axis]) });
    const isInOrder = order.every((axis, at) => axis === at);
    const back = node.shape.map((_, axis) => order.indexOf(axis));
    return isInOrder ? inMemory : make(asOp(permute), [inMemory], { order: back });
  };

  for (const node of topologicalOrder([...first, ...outputs])) replaced.set(node, replace(node));
  const replacedAll = (nodes: readonly Node[]) => nodes.map((node) => replaced.get(node) as Node);
  return { outputs: replacedAll(outputs), first: replacedAll(first), kernels, flops };
}

const sources: readonly string[] = ["input", "constant", inputRows.name];

export const isSource = ({ op }: Node): boolean => sources.includes(op.name);

/** A node as an op's own kernels see it. */
export const gpuNodeOf = (node: Node): GpuNode => ({
  inputs: node.inputs.map((input) => ({ shape: input.shape, dtype: input.dtype, strides: deviceStrides(input) })),
  output: { shape: node.shape, dtype: node.dtype, strides: deviceStrides(node) },
  attrs: node.attrs,
});
