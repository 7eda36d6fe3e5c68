// Rewrites before compilation: composites are kept whole or expanded, and a list of rules removes what costs for nothing.
import { expandComposite } from "./grad.ts";
import { type Graph, type Node, topologicalOrder } from "./graph.ts";
import type { Attrs, Composite, NodeView, Op, TensorType } from "./op.ts";
import { elementwise } from "./ops/elementwise.ts";
import { permute, reshape } from "./ops/movement.ts";
import { constant } from "./ops/source.ts";
import { broadcastShapes, sameShape } from "./shape.ts";

type Make = (op: Op, inputs: readonly Node[], attrs?: Attrs) => Node;
type Rule = (node: Node, make: Make) => Node | undefined;

const is = (node: Node, name: string) => node.op.name === name;
const isElementwise = (node: Node) => node.op.name in elementwise;
const scalar = (node: Node): number | undefined => (is(node, "constant") ? (node.attrs.value as number) : undefined);
const number = (make: Make, value: number) => make(constant as unknown as Op, [], { value });
/** `node` where it already has the wanted type. */
const keepsType = (node: Node, type: TensorType) => (sameShape(node.shape, type.shape) ? node : undefined);

/** One rewrite a line, tried in order until none applies. Each returns an equal node that costs less. */
const rules: readonly Rule[] = [
  (node) => (is(node, "detach") ? node.inputs[0] : undefined),
  (node) => (is(node, "reshape") ? keepsType(node.inputs[0], node) : undefined),
  (node) => (is(node, "expand") ? keepsType(node.inputs[0], node) : undefined),
  (node, make) =>
    is(node, "reshape") && is(node.inputs[0], "reshape") ? make(node.op, node.inputs[0].inputs, node.attrs) : undefined,
  (node, make) =>
    is(node, "expand") && is(node.inputs[0], "expand") ? make(node.op, node.inputs[0].inputs, node.attrs) : undefined,
  (node, make) => mergePermutes(node, make),
  (node, make) => permuteToReshape(node, make),
  (node, make) => (is(node, "sum") ? sumToReshape(node, make) : undefined),
  (node, make) => (isElementwise(node) ? foldConstants(node, make) : undefined),
  (node) => (is(node, "mul") && scalar(node.inputs[1]) === 1 ? keepsType(node.inputs[0], node) : undefined),
  (node) => (is(node, "mul") && scalar(node.inputs[0]) === 1 ? keepsType(node.inputs[1], node) : undefined),
  (node) => (is(node, "add") && scalar(node.inputs[1]) === 0 ? keepsType(node.inputs[0], node) : undefined),
  (node) => (is(node, "neg") && is(node.inputs[0], "neg") ? node.inputs[0].inputs[0] : undefined),
  (node, make) => mergeScales(node, make),
  (node, make) => (isElementwise(node) ? dropExpands(node, make) : undefined),
];

/** permute(permute(x)) is one permute, or none. */
function mergePermutes(node: Node, make: Make): Node | undefined {
  if (!is(node, "permute") || !is(node.inputs[0], "permute")) return undefined;
  const inner = node.inputs[0].attrs.order as readonly number[];
  const order = (node.attrs.order as readonly number[]).map((axis) => inner[axis]);
  return make(permute as unknown as Op, node.inputs[0].inputs, { order });
}

/** A permute that moves only axes of length 1 moves no data. */
function permuteToReshape(node: Node, make: Make): Node | undefined {
  if (!is(node, "permute")) return undefined;
  const long = (node.attrs.order as readonly number[]).filter((axis) => node.inputs[0].shape[axis] !== 1);
  const inOrder = long.every((axis, at) => at === 0 || long[at - 1] < axis);
  return inOrder ? make(reshape as unknown as Op, node.inputs, { shape: node.shape }) : undefined;
}

/** A sum over axes of length 1 adds nothing up. */
function sumToReshape(node: Node, make: Make): Node | undefined {
  const axes = node.attrs.axes as readonly number[];
  if (axes.some((axis) => node.inputs[0].shape[axis] !== 1)) return undefined;
  return make(reshape as unknown as Op, node.inputs, { shape: node.shape });
}

function foldConstants(node: Node, make: Make): Node | undefined {
  const values = node.inputs.map(scalar);
  if (node.op.kind !== "primitive" || values.some((value) => value === undefined)) return undefined;
  const out = new Float64Array(1);
  node.op.reference(
    viewOf(node),
    values.map((value) => new Float64Array([value as number])),
    out,
  );
  // A NaN or an infinity stays in the graph, where the run can report it.
  return Number.isFinite(out[0]) ? number(make, out[0]) : undefined;
}

/** (x * a) * b is x * (a * b). */
function mergeScales(node: Node, make: Make): Node | undefined {
  if (!is(node, "mul")) return undefined;
  const [left, right] = scalar(node.inputs[0]) === undefined ? node.inputs : [node.inputs[1], node.inputs[0]];
  const outer = scalar(right);
  if (outer === undefined || !is(left, "mul")) return undefined;
  const [x, factor] = scalar(left.inputs[0]) === undefined ? left.inputs : [left.inputs[1], left.inputs[0]];
  const inner = scalar(factor);
  return inner === undefined ? undefined : make(node.op, [x, number(make, inner * outer)]);
}

/** Element-wise ops broadcast by themselves: a stretched operand is only needed where nothing else gives the shape. */
function dropExpands(node: Node, make: Make): Node | undefined {
  for (let at = 0; at < node.inputs.length; at++) {
    const operand = node.inputs[at];
    const isStretched = is(operand, "expand") || (is(operand, "reshape") && scalar(operand.inputs[0]) !== undefined);
    if (!isStretched) continue;
    const inputs = node.inputs.map((input, index) => (index === at ? input.inputs[0] : input));
    const shape = inputs.map((input) => input.shape).reduce((a, b) => broadcastShapes(a, b) ?? []);
    if (sameShape(shape, node.shape)) return make(node.op, inputs, node.attrs);
  }
  return undefined;
}

/** Applies the rules from inputs to outputs, until none fits. */
function rewrite(graph: Graph, outputs: readonly Node[]): Node[] {
  const make: Make = (op, inputs, attrs) => graph.node(op, inputs, attrs ?? {});
  const replaced = new Map<Node, Node>();
  for (const node of topologicalOrder(outputs)) {
    const inputs = node.inputs.map((input) => replaced.get(input) as Node);
    let current = inputs.every((input, index) => input === node.inputs[index])
      ? node
      : make(node.op, inputs, node.attrs);
    for (let tries = 0; tries < 32; tries++) {
      const better = rules.map((rule) => rule(current, make)).find((found) => found && found !== current);
      if (!better) break;
      current = better;
    }
    replaced.set(node, current);
  }
  return outputs.map((output) => replaced.get(output) as Node);
}

type Whole = (op: Composite, node: NodeView) => boolean;

const viewOf = (node: Node): NodeView => ({ inputs: node.inputs, output: node, attrs: node.attrs });

/** Expands each composite that the backend does not take whole, and those whose parts the graph computes anyway. */
function lowerComposites(graph: Graph, outputs: readonly Node[], whole: Whole): Node[] {
  const used = new Set(topologicalOrder(outputs));
  const replaced = new Map<Node, Node>();
  const resolve = (node: Node): Node => {
    const known = replaced.get(node);
    if (known) return known;
    let result: Node;
    if (node.op.kind === "composite" && (!whole(node.op, viewOf(node)) || sharesParts(graph, node, used))) {
      result = lower([expandComposite(graph, node, node.op)])[0];
    } else {
      const inputs = node.inputs.map((input) => replaced.get(input) as Node);
      result = inputs.every((input, at) => input === node.inputs[at]) ? node : graph.node(node.op, inputs, node.attrs);
    }
    replaced.set(node, result);
    return result;
  };
  const lower = (nodes: readonly Node[]): Node[] => {
    for (const node of topologicalOrder(nodes)) resolve(node);
    return nodes.map((node) => replaced.get(node) as Node);
  };
  return lower(outputs);
}

/** Whether a gradient already needs the work inside this composite (its first reduction or full-size result). */
function sharesParts(graph: Graph, node: Node, used: ReadonlySet<Node>): boolean {
  if (node.op.kind !== "composite") return false;
  const expansion = expandComposite(graph, node, node.op);
  const edge = new Set(node.inputs);
  const inside = topologicalOrder([expansion], (each) => (edge.has(each) ? [] : each.inputs));
  return inside.some((each) => !edge.has(each) && used.has(each) && !is(each, "constant") && !is(each, "reshape"));
}

/** The same outputs, cheaper: `whole` tells which composites the backend implements itself. */
export function simplify(graph: Graph, outputs: readonly Node[], whole: Whole): Node[] {
  return rewrite(graph, lowerComposites(graph, outputs, whole));
}
