// The graph: immutable, hash-consed nodes. Asking twice for the same op of the same inputs gives the same node,
// so common subexpressions cost nothing and a composite's expansion is shared with whoever else needs its parts.
import { ShapeError } from "./errors.ts";
import type { Attrs, Op, TensorType } from "./op.ts";
import { formatShape, type Shape } from "./shape.ts";

/** Element types. `f32` is float64 on the reference backend. */
export type DType = "f32" | "i32";

export interface Node {
  /** Counts up within a graph: every input has a smaller id than its user. */
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Node[];
  readonly attrs: Attrs;
  readonly shape: Shape;
  readonly dtype: DType;
}

export class Graph {
  readonly #nodes = new Map<string, Node>();
  readonly #expansions = new Map<Node, Node>();

  /** The node of `op` on `inputs`; made once. Throws ShapeError with the trail of ops that led there. */
  node(op: Op, inputs: readonly Node[], attrs: Attrs = {}): Node {
    const key = `${op.name}(${inputs.map((input) => input.id).join(",")})${JSON.stringify(attrs)}`;
    const known = this.#nodes.get(key);
    if (known) return known;
    const type = inferType(op, inputs, attrs);
    const node: Node = { id: this.#nodes.size, op, inputs, attrs, shape: type.shape, dtype: type.dtype };
    this.#nodes.set(key, node);
    return node;
  }

  /** The node that a composite stands for, written in other ops; made once. */
  expansion(node: Node, expand: () => Node): Node {
    let expanded = this.#expansions.get(node);
    if (!expanded) {
      expanded = expand();
      this.#expansions.set(node, expanded);
    }
    return expanded;
  }
}

function inferType(op: Op, inputs: readonly Node[], attrs: Attrs): TensorType {
  try {
    const type = op.infer(inputs, attrs);
    if (!type.shape.every((length) => Number.isInteger(length) && length >= 1)) {
      throw new ShapeError(op.name, `${formatShape(type.shape)} is empty: every axis needs a length of at least 1`);
    }
    return type;
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(op.name, error.message.replace(/^[^:]*: /, ""), printTrail(inputs));
  }
}

/** The nodes that `outputs` need, inputs before users. `follow` may replace what a node depends on. */
export function topologicalOrder(
  outputs: readonly Node[],
  follow: (node: Node) => readonly Node[] = (node) => node.inputs,
): Node[] {
  const order: Node[] = [];
  const done = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  for (const output of outputs) {
    if (!done.has(output)) stack.push({ node: output, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (done.has(top.node)) {
        stack.pop();
        continue;
      }
      const inputs = follow(top.node);
      if (top.next < inputs.length) {
        const input = inputs[top.next++];
        if (!done.has(input)) stack.push({ node: input, next: 0 });
      } else {
        done.add(top.node);
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}

export function formatType(type: TensorType): string {
  return `${type.dtype}${formatShape(type.shape)}`;
}

function formatAttrs(attrs: Attrs): string {
  const entries = Object.entries(attrs).filter(([, value]) => value !== undefined);
  return entries.map(([name, value]) => `, ${name}=${JSON.stringify(value)}`).join("");
}

/** One line a node, numbered from 0 in order of use, e.g. `%4 = mul(%1, %3): f32[2,3]`. */
export function printGraph(outputs: readonly Node[]): string {
  const order = topologicalOrder(outputs);
  const names = new Map(order.map((node, index) => [node, `%${index}`]));
  const lines = order.map((node) => {
    const inputs = node.inputs.map((input) => names.get(input)).join(", ");
    const rest = formatAttrs(node.attrs);
    return `${names.get(node)} = ${node.op.name}(${inputs || rest ? inputs + (inputs ? rest : rest.slice(2)) : ""}): ${formatType(node)}`;
  });
  return [...lines, `return ${outputs.map((output) => names.get(output)).join(", ")}`].join("\n");
}

const WIDEST = 6;

/** The ops that led to `inputs`, a line a step, for errors. */
export function printTrail(inputs: readonly Node[], depth = 4): string {
  const lines: string[] = [];
  let level = inputs.slice(0, WIDEST);
  for (let step = 0; step < depth && level.length > 0; step++) {
    const shown = level.map((node) => `${node.op.name}: ${formatType(node)}`);
    lines.push(`${step === 0 ? "given" : "from "} ${shown.join("; ")}`);
    level = [...new Set(level.flatMap((node) => node.inputs))].slice(0, WIDEST);
  }
  return lines.join("\n");
}
