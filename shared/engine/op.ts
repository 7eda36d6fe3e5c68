// What an op is: the contracts of primitives (a shape rule, a vjp, a lowering for each backend) and of composites
// (an expansion into other ops, which any backend may implement whole).
import type { DType } from "./graph.ts";
import type { OnnxBuilder } from "./onnx/builder.ts";
import type { Shape } from "./shape.ts";
import type { Slices } from "./slices.ts";
import type { Tensor } from "./tensor.ts";
import type { Inline, Reduction } from "./webgpu/inline.ts";
import type { GpuNode, Lowering, VariantsOf } from "./webgpu/kernel.ts";

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

type AttrValue = number | string | boolean | readonly number[] | undefined;
/** An op's settings: plain JSON, part of the node's identity. */
export type Attrs = { readonly [name: string]: AttrValue };

/** One case of the contract test: every backend against `reference`, gradients against finite differences. */
export interface Sample<A extends Attrs = Attrs> {
  readonly inputs: readonly SampleInput[];
  readonly attrs?: A;
}

/** How a sample's input is drawn: floats uniform in [low, high] (default [-2, 2]), `awayFromZero` from kinks and poles; or integers below `bound`. */
export interface SampleInput {
  readonly shape: Shape;
  readonly low?: number;
  readonly high?: number;
  readonly awayFromZero?: number;
  readonly bound?: number;
  /** Floats all different by at least this much, for ops with ties. */
  readonly distinct?: number;
  /** Not differentiated in the test, though it is a float. */
  readonly constant?: boolean;
  /** Exact contents, for inputs that must agree with each other. */
  readonly values?: readonly number[];
}

/** Inputs that the op must refuse with a ShapeError. */
export interface BadSample<A extends Attrs = Attrs> {
  readonly inputs: readonly TensorType[];
  readonly attrs?: A;
  readonly why: RegExp;
}

/** A node as a lowering sees it. */
export interface NodeView<A extends Attrs = Attrs> {
  readonly inputs: readonly TensorType[];
  readonly output: TensorType;
  readonly attrs: A;
}

/** Reference data: float64 for `f32`, int32 for `i32`. */
export type ReferenceArray = Float64Array | Int32Array;

export interface VjpContext<A extends Attrs> {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** dL/d(output), of the output's shape. */
  readonly cotangent: Tensor;
  readonly attrs: A;
}

interface OpBase<A extends Attrs> {
  readonly name: string;
  /** The result's type; throws ShapeError. */
  infer(inputs: readonly TensorType[], attrs: A): TensorType;
  readonly samples: readonly Sample<A>[];
  readonly badSamples?: readonly BadSample<A>[];
}

export interface Primitive<A extends Attrs = Attrs> extends OpBase<A> {
  readonly kind: "primitive";
  /** dL/d(input) for each input, written in ops; null where the op does not depend on it smoothly. */
  vjp(context: VjpContext<A>): readonly (Tensor | null)[];
  /** The plain float64 computation; writes `out`. */
  reference(node: NodeView<A>, inputs: readonly ReferenceArray[], out: ReferenceArray): void;
  /** Emits ONNX nodes; returns the name of the result. */
  onnx(builder: OnnxBuilder, node: NodeView<A>, inputs: readonly string[]): string;
  /** On a GPU: computed where its result is read, folded over axes, or by kernels of its own, of which there may be several ways. */
  readonly webgpu: Inline<A> | Reduction | ((node: GpuNode<A>) => Lowering | VariantsOf);
  /** How it is computed in slices of its first axis, where a tensor is larger than a device binds. */
  readonly slices?: Slices<A>;
}

export interface Composite<A extends Attrs = Attrs> extends OpBase<A> {
  readonly kind: "composite";
  expand(inputs: readonly Tensor[], attrs: A): Tensor;
  /** A gradient of its own, where that is shorter than the expansion's. */
  vjp?(context: VjpContext<A>): readonly (Tensor | null)[];
  /** Emits the op whole, where that pays. */
  onnx?(builder: OnnxBuilder, node: NodeView<A>, inputs: readonly string[]): string;
  /** The nodes that `onnx` is meant for; all of them if left out. */
  onnxFits?(node: NodeView<A>): boolean;
}

export type Op = Primitive | Composite;

export function definePrimitive<A extends Attrs>(definition: Omit<Primitive<A>, "kind">): Primitive<A> {
  return { kind: "primitive", ...definition };
}

export function defineComposite<A extends Attrs>(definition: Omit<Composite<A>, "kind">): Composite<A> {
  return { kind: "composite", ...definition };
}

/** Forgets the type of the settings, for lists that hold every op. */
export function asOp<A extends Attrs>(op: Primitive<A> | Composite<A>): Op {
  return op as unknown as Op;
}
