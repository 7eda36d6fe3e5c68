// The reference backend: float64, one plain loop an op, slow and obvious. The oracle of every test.
import { invariant } from "../../lib/invariant.ts";
import type { Backend, Executable, HostArray, ProgramGraph, Value } from "../backend.ts";
import { type Node, topologicalOrder } from "../graph.ts";
import type { ReferenceArray, TensorType } from "../op.ts";
import { sizeOf } from "../shape.ts";

interface ReferenceValue extends Value {
  data: ReferenceArray | undefined;
}

interface ReferenceExecutable extends Executable {
  readonly order: readonly Node[];
}

function allocate({ shape, dtype }: TensorType): ReferenceArray {
  return dtype === "i32" ? new Int32Array(sizeOf(shape)) : new Float64Array(sizeOf(shape));
}

function evaluate(node: Node, data: ReadonlyMap<Node, ReferenceArray>): ReferenceArray {
  invariant(node.op.kind === "primitive", "composites are expanded before they reach the reference backend");
  const out = allocate(node);
  const inputs = node.inputs.map((input) => data.get(input) as ReferenceArray);
  node.op.reference({ inputs: node.inputs, output: node, attrs: node.attrs }, inputs, out);
  return out;
}

export function createReferenceBackend(): Backend {
  const live = (value: Value): ReferenceArray => {
    const { data } = value as ReferenceValue;
    invariant(data, "a value was used after it was freed");
    return data;
  };
  const wrap = ({ shape, dtype }: TensorType, data: ReferenceArray): ReferenceValue => ({
    backend: "reference",
    shape,
    dtype,
    data,
  });
  const free = (value: Value) => {
    (value as ReferenceValue).data = undefined;
  };
  return {
    capabilities: { backend: "reference", adapter: "float64 loops", precision: "f64", software: true },
    implementsWhole: () => false,
    compile: async (program: ProgramGraph): Promise<ReferenceExecutable> => ({
      program,
      order: topologicalOrder(program.outputs),
    }),
    upload: ({ shape, data }: HostArray) =>
      data instanceof Int32Array
        ? wrap({ shape, dtype: "i32" }, data.slice())
        : wrap({ shape, dtype: "f32" }, Float64Array.from(data)),
    run: async (executable, inputs, donated) => {
      const { order, program } = executable as ReferenceExecutable;
      const data = new Map<Node, ReferenceArray>();
      const remaining = new Map<Node, number>();
      for (const node of [...order.flatMap((each) => each.inputs), ...program.outputs]) {
        remaining.set(node, (remaining.get(node) ?? 0) + 1);
      }
      for (const node of order) {
        const isInput = node.op.name === "input";
        data.set(node, isInput ? live(inputs[node.attrs.index as number]) : evaluate(node, data));
        for (const input of node.inputs) {
          const left = (remaining.get(input) as number) - 1;
          remaining.set(input, left);
          if (left === 0) data.delete(input);
        }
      }
      const results = program.outputs.map((node) => wrap(node, (data.get(node) as ReferenceArray).slice()));
      inputs.forEach((value, index) => {
        if (donated[index]) free(value);
      });
      return results;
    },
    read: async (value) => live(value).slice(),
    free,
    dispose: async () => {},
  };
}
