// Programs: pure functions from a tree of tensors to a tree of tensors, traced once per shapes and replayed.
import { invariant } from "../lib/invariant.ts";
import { flattenTree, mapTree, type Tree } from "../lib/tree.ts";
import type { Backend, Executable, HostArray, ProgramGraph, Value } from "./backend.ts";
import { type DType, formatType, printGraph } from "./graph.ts";
import type { TensorType } from "./op.ts";
import { simplify } from "./simplify.ts";
import { Tensor, traceInputs } from "./tensor.ts";

declare const leaves: unique symbol;
/** A tree whose form only its owner knows, such as a network's parameters; the mark exists for the compiler alone. */
export interface OpaqueTree<Leaf> {
  readonly [leaves]: Leaf;
}
export type TensorTree = OpaqueTree<Tensor>;
export type ValueTree = OpaqueTree<Value>;
export type HostTree = OpaqueTree<HostArray>;

/** The tree that a program is called with: tensors become values of the backend, or numbers on the host. */
export type Arguments<T> = T extends Tensor
  ? Value | HostArray
  : T extends TensorTree
    ? ValueTree | HostTree
    : { readonly [K in keyof T]: Arguments<T[K]> };
/** The tree that a program gives: values on the backend, the caller's to free. */
export type Results<T> = T extends Tensor
  ? Value
  : T extends TensorTree
    ? ValueTree
    : { readonly [K in keyof T]: Results<T[K]> };

export interface Program<In, Out> {
  readonly name: string;
  readonly trace: (inputs: In) => Out;
  /** Names of arguments (keys of the input tree) that a run consumes. */
  readonly donate: readonly (keyof In & string)[];
}

/** Declares a program. `trace` must be pure: it sees shapes, never numbers, and runs once per shapes. */
export function defineProgram<In extends object, Out extends object>(
  name: string,
  trace: (inputs: In) => Out,
  options: { donate?: readonly (keyof In & string)[] } = {},
): Program<In, Out> {
  return { name, trace, donate: options.donate ?? [] };
}

const isTensor = (node: unknown): node is Tensor => node instanceof Tensor;

export function isValue(node: unknown): node is Value {
  return typeof node === "object" && node !== null && "backend" in node && "dtype" in node;
}

function isHostArray(node: unknown): node is HostArray {
  return typeof node === "object" && node !== null && "data" in node && ArrayBuffer.isView(node.data);
}

const isArgument = (node: unknown): node is Value | HostArray => isValue(node) || isHostArray(node);

function typeOf(argument: Value | HostArray): TensorType {
  if (isValue(argument)) return { shape: argument.shape, dtype: argument.dtype };
  const dtype: DType = argument.data instanceof Int32Array ? "i32" : "f32";
  return { shape: argument.shape, dtype };
}

interface Compiled {
  readonly executable: Promise<Executable>;
  /** Puts the flat results back into the program's tree. */
  readonly rebuild: (values: readonly Value[]) => unknown;
}

/** Traces a program for arguments of the given types; `whole` names the composites to keep. */
export function traceProgram<In extends object, Out extends object>(
  program: Program<In, Out>,
  args: Arguments<In>,
  backend: Pick<Backend, "implementsWhole">,
): { traced: ProgramGraph; rebuild: (values: readonly Value[]) => Results<Out> } {
  const leaves = flattenTree(args as Tree<Value | HostArray>, isArgument);
  const { graph, inputs } = traceInputs(leaves.map(({ leaf }) => typeOf(leaf)));
  let next = 0;
  const tensors = mapTree(args as Tree<Value | HostArray>, isArgument, () => inputs[next++]);
  const results = program.trace(tensors as In) as unknown as Tree<Tensor>;
  const outputs = flattenTree(results, isTensor).map(({ leaf }) => leaf.node);
  const simplified = simplify(graph, outputs, (op, node) => backend.implementsWhole(op, node));
  return {
    traced: {
      name: program.name,
      graph,
      inputs: inputs.map(({ node }) => node),
      inputNames: leaves.map(({ path }) => path),
      outputs: simplified,
    },
    rebuild: (values) => {
      let at = 0;
      return mapTree(results, isTensor, () => values[at++]) as Results<Out>;
    },
  };
}

/** Runs programs on one backend, compiling each once per shapes. */
export class Runtime {
  readonly backend: Backend;
  readonly #compiled = new WeakMap<object, Map<string, Compiled>>();
  readonly #byContent = new Map<string, Promise<Executable>>();
  readonly #onCompile: ((executable: Executable) => void) | undefined;

  /** `onCompile` is shown each program once, compiled, for printing. */
  constructor(backend: Backend, onCompile?: (executable: Executable) => void) {
    this.backend = backend;
    this.#onCompile = onCompile;
  }

  /**
   * Runs a program. Host arrays are uploaded for this run only; values under the program's `donate` names are consumed.
   * The results are the caller's to free.
   */
  async run<In extends object, Out extends object>(
    program: Program<In, Out>,
    args: Arguments<In>,
  ): Promise<Results<Out>> {
    const leaves = flattenTree(args as Tree<Value | HostArray>, isArgument);
    const { executable, rebuild } = this.#compile(program, args, leaves);
    const ready = await executable;
    const isDonated = (path: string) => program.donate.some((name) => path === name || path.startsWith(`${name}.`));
    const inputs = leaves.map(({ leaf }) => (isValue(leaf) ? leaf : this.backend.upload(leaf)));
    const donated = leaves.map(({ leaf, path }) => !isValue(leaf) || isDonated(path));
    return rebuild(await this.backend.run(ready, inputs, donated)) as Results<Out>;
  }

  #compile<In extends object, Out extends object>(
    program: Program<In, Out>,
    args: Arguments<In>,
    leaves: readonly { path: string; leaf: Value | HostArray }[],
  ): Compiled {
    const signature = leaves.map(({ path, leaf }) => `${path}:${formatType(typeOf(leaf))}`).join(";");
    let byShapes = this.#compiled.get(program);
    if (!byShapes) this.#compiled.set(program, (byShapes = new Map()));
    let compiled = byShapes.get(signature);
    if (!compiled) {
      const { traced, rebuild } = traceProgram(program as unknown as Program<object, object>, args, this.backend);
      compiled = { executable: this.#compileOnce(traced), rebuild };
      byShapes.set(signature, compiled);
    }
    return compiled;
  }

  /** Programs of the same content share one executable, and with it the memory that a backend keeps for it. */
  #compileOnce(traced: ProgramGraph): Promise<Executable> {
    const types = traced.inputs.map(formatType).join(",");
    const content = `${types}\n${printGraph(traced.outputs)}`;
    let executable = this.#byContent.get(content);
    if (!executable) {
      executable = this.backend.compile(traced);
      this.#byContent.set(content, executable);
      // A failure is the caller's, who awaits the same promise.
      if (this.#onCompile) executable.then(this.#onCompile, () => {});
    }
    return executable;
  }

  /** Copies a tree of host arrays to the backend. */
  upload<T extends object>(tree: T): UploadedTree<T> {
    const uploaded: unknown = mapTree(tree as Tree<HostArray>, isHostArray, (array) => this.backend.upload(array));
    return uploaded as UploadedTree<T>;
  }

  /** Copies one value back as float32 (float64 on the reference backend) or int32. */
  read(value: Value): Promise<Float32Array | Float64Array | Int32Array> {
    return this.backend.read(value);
  }

  /** Copies a tree of values back to host arrays. */
  async readTree(tree: unknown): Promise<unknown> {
    const leaves = flattenTree(tree as Tree<Value>, isValue);
    const data = await Promise.all(leaves.map(({ leaf }) => this.backend.read(leaf)));
    let at = 0;
    return mapTree(tree as Tree<Value>, isValue, (value): HostArray => ({ shape: value.shape, data: data[at++] }));
  }

  /** Reads a scalar and frees it. */
  async take(value: Value): Promise<number> {
    const [number] = await this.backend.read(value);
    invariant(number !== undefined, "a scalar has one element");
    this.backend.free(value);
    return number;
  }

  /** Frees every value of a tree. */
  free(tree: unknown): void {
    for (const { leaf } of flattenTree(tree as Tree<Value>, isValue)) this.backend.free(leaf);
  }

  dispose(): Promise<void> {
    return this.backend.dispose();
  }
}

export type UploadedTree<T> = T extends HostArray
  ? Value
  : T extends HostTree
    ? ValueTree
    : { readonly [K in keyof T]: UploadedTree<T[K]> };

/** The tensors of an opaque tree, in order. */
export function tensorsOf(tree: TensorTree): Tensor[] {
  return flattenTree(tree as unknown as Tree<Tensor>, isTensor).map(({ leaf }) => leaf);
}

/** An opaque tree of the same form with each tensor replaced, in order. */
export function withTensors(tree: TensorTree, tensors: readonly Tensor[]): TensorTree {
  let at = 0;
  return mapTree(tree as unknown as Tree<Tensor>, isTensor, () => tensors[at++]) as unknown as TensorTree;
}

/** A host tree of the same form, all zeros. */
export function zerosLike(tree: HostTree): HostTree {
  const zeros = ({ shape, data }: HostArray): HostArray => ({ shape, data: new Float32Array(data.length) });
  return mapTree(tree as unknown as Tree<HostArray>, isHostArray, zeros) as unknown as HostTree;
}

/** Declares that a tree has tensors, values or arrays for leaves. */
export function opaque<Leaf>(tree: object): OpaqueTree<Leaf> {
  return tree as OpaqueTree<Leaf>;
}
