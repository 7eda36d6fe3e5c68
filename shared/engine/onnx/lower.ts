// Lowers a traced program, gradients included, to an ONNX model: inputs `in0`, `in1`, ..., results `out0`, `out1`, ...
import { invariant } from "../../lib/invariant.ts";
import type { ProgramGraph } from "../backend.ts";
import { type Node, topologicalOrder } from "../graph.ts";
import type { OnnxAttribute, OnnxBuilder } from "./builder.ts";
import { BLOCKED } from "./convolution.ts";
import { findFusions } from "./fuse.ts";
import * as proto from "./proto.ts";

const OPSET = 18;

/** Collects nodes and constants; equal ones are written once. */
class ModelBuilder implements OnnxBuilder {
  readonly messages: Uint8Array[] = [];
  readonly constants: Uint8Array[] = [];
  readonly channelBlock: number | undefined;
  readonly #known = new Map<string, string>();
  readonly #emitted = new Map<string, string[]>();
  #values = 0;

  constructor(channelBlock: number | undefined) {
    this.channelBlock = channelBlock;
  }

  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain = "",
  ): string {
    return this.nodes(opType, inputs, 1, attributes, domain)[0];
  }

  nodes(
    opType: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain = "",
  ): string[] {
    const key = `${domain} ${opType}/${count}(${inputs})${JSON.stringify(attributes)}`;
    let outputs = this.#emitted.get(key);
    if (!outputs) {
      outputs = Array.from({ length: count }, () => `v${this.#values++}`);
      this.#emitted.set(key, outputs);
      this.emit(opType, inputs, outputs, attributes, domain);
    }
    return outputs;
  }

  emit(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain = "",
  ): void {
    this.messages.push(
      proto.message(
        1,
        ...inputs.map((input) => proto.string(1, input)),
        ...outputs.map((output) => proto.string(2, output)),
        proto.string(3, `${opType}_${outputs[0]}`),
        proto.string(4, opType),
        ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
        ...(domain ? [proto.string(7, domain)] : []),
      ),
    );
  }

  ints = (values: readonly number[]): string =>
    this.#constant("i64", [values.length], BigInt64Array.from(values, BigInt));

  floats = (values: readonly number[], shape: readonly number[] = []): string =>
    this.#constant("f32", shape, Float32Array.from(values));

  #constant(type: "i64" | "f32", shape: readonly number[], data: BigInt64Array | Float32Array): string {
    const key = `${type}[${shape}]${data.join(",")}`;
    let name = this.#known.get(key);
    if (!name) {
      name = `c${this.#known.size}`;
      this.#known.set(key, name);
      this.constants.push(proto.tensor(5, name, type, shape, new Uint8Array(data.buffer)));
    }
    return name;
  }
}

function attribute(name: string, value: OnnxAttribute): Uint8Array {
  const [type, content] =
    typeof value === "number"
      ? [2, proto.integer(3, value)]
      : typeof value === "string"
        ? [3, proto.string(4, value)]
        : "float" in value
          ? [1, proto.float(2, value.float)]
          : [7, proto.integers(8, value)];
  return proto.message(5, proto.string(1, name), content, proto.integer(20, type));
}

/** The bytes of an ONNX model that computes `program`; with `channelBlock` for processors with that layout alone. */
export function lowerToOnnx(program: ProgramGraph, channelBlock?: number): Uint8Array {
  const builder = new ModelBuilder(channelBlock);
  const names = new Map<Node, string>();
  const order = topologicalOrder(program.outputs);
  const fusions = findFusions(order, program.outputs);
  const absorbed = new Set([...fusions.values()].flatMap((fusion) => fusion.absorbed));
  for (const node of order) {
    if (absorbed.has(node)) continue;
    const fusion = fusions.get(node);
    if (fusion) {
      names.set(
        node,
        fusion.emit(builder, (input) => names.get(input) as string),
      );
      continue;
    }
    if (node.op.name === "input") {
      names.set(node, `in${node.attrs.index}`);
      continue;
    }
    const inputs = node.inputs.map((input) => names.get(input) as string);
    invariant(node.op.onnx, `${node.op.name} has no ONNX form and should have been expanded`);
    names.set(node, node.op.onnx(builder, { inputs: node.inputs, output: node, attrs: node.attrs }, inputs));
  }
  // A result gets a name of its own, since two results, or an input and a result, may be one node.
  program.outputs.forEach((node, index) => {
    builder.emit("Identity", [names.get(node) as string], [`out${index}`]);
  });
  const opsets = { "": OPSET, "com.microsoft": 1, ...(channelBlock === undefined ? {} : { [BLOCKED]: 1 }) };
  return proto.model(program.name, opsets, [
    ...builder.messages,
    ...builder.constants,
    ...program.inputs.map((type, index) => proto.valueInfo(11, `in${index}`, type.dtype, type.shape)),
    ...program.outputs.map((type, index) => proto.valueInfo(12, `out${index}`, type.dtype, type.shape)),
  ]);
}
