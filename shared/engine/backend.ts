// What a backend is: six functions over values that stay where they are computed.
import type { Graph, Node } from "./graph.ts";
import { printGraph } from "./graph.ts";
import type { Composite, NodeView, TensorType } from "./op.ts";
import type { Shape } from "./shape.ts";

export type BackendId = "webgpu" | "onnx" | "reference";

/** Numbers on the host. Float data is `f32` to the engine, Int32Array `i32`. */
export interface HostArray {
  readonly shape: Shape;
  readonly data: Float32Array | Float64Array | Int32Array;
}

/** Numbers on a backend. Opaque: read it, pass it to a program, free it. */
export interface Value extends TensorType {
  readonly backend: BackendId;
}

/** A traced program: its nodes in order of computation, its inputs by index, what it returns. */
export interface ProgramGraph {
  readonly name: string;
  readonly graph: Graph;
  readonly inputs: readonly TensorType[];
  /** What each input is to the program, e.g. `theta.blocks.0.conv.weight`, for printing. */
  readonly inputNames: readonly string[];
  readonly outputs: readonly Node[];
}

/** A compiled program; only its backend looks inside. */
export interface Executable {
  readonly program: ProgramGraph;
}

export interface Capabilities {
  readonly backend: BackendId;
  /** The device that computes, e.g. "SwiftShader Device (Subzero)" or "ONNX Runtime 1.30.0 CPU, 2 threads". */
  readonly adapter: string;
  readonly precision: "f32" | "f64";
  /** Whether the adapter is a software stand-in for a GPU. */
  readonly software: boolean;
  /** Whether a run only queues its work: the host may ask for the next one meanwhile. */
  readonly queues?: boolean;
}

export interface Backend {
  readonly capabilities: Capabilities;
  /** Whether this backend computes a node of this composite whole. */
  implementsWhole(op: Composite, node: NodeView): boolean;
  /** Prepares a program for many runs. Throws BackendError. */
  compile(program: ProgramGraph): Promise<Executable>;
  /** Copies host numbers to the backend. */
  upload(array: HostArray): Value;
  /** Computes. Inputs marked donated are consumed: the results may take their memory. */
  run(executable: Executable, inputs: readonly Value[], donated: readonly boolean[]): Promise<Value[]>;
  /** Copies numbers back; waits until they are computed. */
  read(value: Value): Promise<Float32Array | Float64Array | Int32Array>;
  /** Gives the memory back. A value that was freed or donated must not be used again. */
  free(value: Value): void;
  /** Frees everything that the backend holds. */
  dispose(): Promise<void>;
}

/** The program as text: one line an input, one line a node. */
export function printProgram({ name, inputNames, outputs }: ProgramGraph): string {
  const named = inputNames.map((input, index) => `input ${index} is ${input}\n`).join("");
  return `program ${name}\n${named}${printGraph(outputs)}`;
}
