// Reverse-mode differentiation, graph to graph: the only file that knows the chain rule.
// Gradients are tensors of the same graph, so gradients of gradients need nothing more.
import { invariant } from "../lib/invariant.ts";
import type { Graph, Node } from "./graph.ts";
import { topologicalOrder } from "./graph.ts";
import type { Composite } from "./op.ts";
import { Tensor } from "./tensor.ts";

/**
 * dL/dx for each x, of x's shape; zeros where the loss does not depend on it.
 * `loss` is a scalar, or `cotangent` (of loss's shape) weighs its elements.
 */
export function grad(loss: Tensor, xs: readonly Tensor[], cotangent?: Tensor): Tensor[] {
  invariant(cotangent || loss.size === 1, `grad of a ${loss.shape} tensor needs a cotangent`);
  const { graph } = loss;
  const leaves = new Set(xs.map((x) => x.node));
  const order = topologicalOrder([loss.node], (node) => (leaves.has(node) ? [] : dependencies(graph, node)));
  const carries = new Set<Node>(leaves);
  for (const node of order) {
    if (!leaves.has(node) && dependencies(graph, node).some((input) => carries.has(input))) carries.add(node);
  }

  const gradients = new Map<Node, Tensor>();
  const accumulate = (node: Node, gradient: Tensor) => {
    const sum = gradients.get(node);
    gradients.set(node, sum ? sum.add(gradient) : gradient);
  };
  accumulate(loss.node, cotangent ?? loss.constant(1).expand(loss.shape));
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at];
    const gradient = gradients.get(node);
    if (!gradient || leaves.has(node) || !carries.has(node)) continue;
    const inputs = dependencies(graph, node);
    const { op } = node;
    if (op.vjp === undefined) {
      accumulate(inputs[0], gradient); // an expanded composite is its expansion
      continue;
    }
    const parts = op.vjp({
      inputs: inputs.map((input) => new Tensor(graph, input)),
      output: new Tensor(graph, node),
      cotangent: gradient,
      attrs: node.attrs,
    });
    parts.forEach((part, index) => {
      if (part && carries.has(inputs[index])) accumulate(inputs[index], part);
    });
  }
  return xs.map((x) => gradients.get(x.node) ?? x.constant(0).expand(x.shape));
}

/** What a node's gradient flows to: a composite without a gradient of its own is differentiated through its expansion. */
function dependencies(graph: Graph, node: Node): readonly Node[] {
  const { op } = node;
  return op.kind === "composite" && !op.vjp ? [expandComposite(graph, node, op)] : node.inputs;
}

/** The node that a composite stands for, written in other ops of the same graph. */
export function expandComposite(graph: Graph, node: Node, op: Composite): Node {
  return graph.expansion(node, () => {
    const inputs = node.inputs.map((input) => new Tensor(graph, input));
    return op.expand(inputs, node.attrs).node;
  });
}
