// The fluent handle on which methods write maths: a node and the graph that it belongs to.
import { invariant } from "../lib/invariant.ts";
import { type DType, Graph, type Node } from "./graph.ts";
import type { Attrs, Composite, Op, Primitive } from "./op.ts";
import { batchNorm, instanceNorm } from "./ops/channel-norm.ts";
import * as conv from "./ops/conv2d.ts";
import { elementwise } from "./ops/elementwise.ts";
import { gather, scatterAdd } from "./ops/gather.ts";
import { groupNorm } from "./ops/group-norm.ts";
import { logSoftmax } from "./ops/log-softmax.ts";
import { matmul } from "./ops/matmul.ts";
import { maxPool2d } from "./ops/max-pool.ts";
import * as movement from "./ops/movement.ts";
import { inverseDeviation, normalise } from "./ops/normalise.ts";
import { avgPool2d } from "./ops/pool.ts";
import * as reduce from "./ops/reduce.ts";
import { resize } from "./ops/resize.ts";
import { solveSpd } from "./ops/solve-spd.ts";
import { constant, detach, parameter } from "./ops/source.ts";
import { spatialMap } from "./ops/spatial-map.ts";
import { stridedAvgPool } from "./ops/strided-avg-pool.ts";
import { variance } from "./ops/variance.ts";
import { normaliseAxes, type Shape, sameShape, sizeOf } from "./shape.ts";

type Operand = Tensor | number;

export class Tensor {
  readonly graph: Graph;
  readonly node: Node;

  constructor(graph: Graph, node: Node) {
    this.graph = graph;
    this.node = node;
  }

  get shape(): Shape {
    return this.node.shape;
  }
  get dtype(): DType {
    return this.node.dtype;
  }
  get rank(): number {
    return this.node.shape.length;
  }
  get size(): number {
    return sizeOf(this.node.shape);
  }

  /** Applies any op to this tensor and others. */
  apply<A extends Attrs>(op: Primitive<A> | Composite<A>, others: readonly Tensor[] = [], attrs?: A): Tensor {
    const inputs = [this, ...others];
    invariant(
      inputs.every((input) => input.graph === this.graph),
      `${op.name} mixes tensors of two graphs`,
    );
    const nodes = inputs.map((input) => input.node);
    return new Tensor(this.graph, this.graph.node(op as unknown as Op, nodes, attrs ?? {}));
  }

  /** A scalar constant of the same graph. */
  constant(value: number): Tensor {
    return new Tensor(this.graph, this.graph.node(constant as unknown as Op, [], { value }));
  }

  #operand(other: Operand): Tensor {
    return typeof other === "number" ? this.constant(other) : other;
  }

  add(other: Operand): Tensor {
    return this.apply(elementwise.add, [this.#operand(other)]);
  }
  sub(other: Operand): Tensor {
    return this.apply(elementwise.sub, [this.#operand(other)]);
  }
  mul(other: Operand): Tensor {
    return this.apply(elementwise.mul, [this.#operand(other)]);
  }
  div(other: Operand): Tensor {
    return this.apply(elementwise.div, [this.#operand(other)]);
  }
  maximum(other: Operand): Tensor {
    return this.apply(elementwise.maximum, [this.#operand(other)]);
  }
  minimum(other: Operand): Tensor {
    return this.apply(elementwise.minimum, [this.#operand(other)]);
  }
  /** 1 where this > other, else 0. */
  greater(other: Operand): Tensor {
    return this.apply(elementwise.greater, [this.#operand(other)]);
  }
  /** 1 where equal, else 0. */
  equal(other: Operand): Tensor {
    return this.apply(elementwise.equal, [this.#operand(other)]);
  }
  neg(): Tensor {
    return this.apply(elementwise.neg);
  }
  exp(): Tensor {
    return this.apply(elementwise.exp);
  }
  log(): Tensor {
    return this.apply(elementwise.log);
  }
  sqrt(): Tensor {
    return this.apply(elementwise.sqrt);
  }
  reciprocal(): Tensor {
    return this.apply(elementwise.reciprocal);
  }
  tanh(): Tensor {
    return this.apply(elementwise.tanh);
  }
  relu(): Tensor {
    return this.apply(elementwise.relu);
  }
  abs(): Tensor {
    return this.apply(elementwise.abs);
  }
  sign(): Tensor {
    return this.apply(elementwise.sign);
  }
  square(): Tensor {
    return this.mul(this);
  }
  /** 1 where positive, else 0: the derivative of relu. */
  step(): Tensor {
    return this.greater(0);
  }
  /** The integral of the normal curve: 2 / sqrt(pi) times that of exp(-t^2) from 0. */
  erf(): Tensor {
    return this.apply(elementwise.erf);
  }
  /** 1 / (1 + exp(-x)), which overflows nowhere. */
  sigmoid(): Tensor {
    return this.mul(0.5).tanh().mul(0.5).add(0.5);
  }
  /** x where positive, else slope * x, whose slope holds at 0 too. */
  leakyRelu(slope: number): Tensor {
    return this.mul(
      this.step()
        .mul(1 - slope)
        .add(slope),
    );
  }
  /** x sigmoid(x). */
  swish(): Tensor {
    return this.mul(this.sigmoid());
  }
  /** x times the normal distribution's share below x. */
  gelu(): Tensor {
    return this.mul(this.mul(Math.SQRT1_2).erf().mul(0.5).add(0.5));
  }
  /** Values cut off at both ends; no gradient flows beyond them, half of it at an end. */
  clamp(low: Operand, high: Operand): Tensor {
    return this.maximum(low).minimum(high);
  }
  /** The same values, constant to every gradient. */
  detach(): Tensor {
    return this.apply(detach);
  }

  #axes(axes: readonly number[] | undefined): number[] {
    const all = axes ?? this.shape.map((_, axis) => axis);
    // An axis that does not exist is left for the op's shape rule to name.
    return normaliseAxes(all, this.rank) ?? [...all];
  }

  /** Sums over `axes` (all by default). */
  sum(axes?: readonly number[], keepAxes = false): Tensor {
    const over = this.#axes(axes);
    return over.length === 0 ? this : this.apply(reduce.sum, [], { axes: over, keepAxes });
  }
  mean(axes?: readonly number[], keepAxes = false): Tensor {
    const count = this.#axes(axes).reduce((product, axis) => product * (this.shape[axis] ?? 1), 1);
    return this.sum(axes, keepAxes).mul(1 / count);
  }
  /** The biased variance over `axes`. */
  variance(axes?: readonly number[], keepAxes = false): Tensor {
    const over = this.#axes(axes);
    const kept = this.apply(variance, [], { axes: over });
    return keepAxes ? kept : kept.reshape(this.shape.filter((_, axis) => !over.includes(axis)));
  }
  /** The Euclidean norm over `axes`; where it is 0, so are its gradients of every order. */
  norm(axes?: readonly number[], keepAxes = false): Tensor {
    const squares = this.square().sum(axes, keepAxes);
    const isZero = squares.equal(0);
    return squares.add(isZero).sqrt().mul(isZero.neg().add(1));
  }
  /** The largest value over `axes`; a tie shares the gradient equally. */
  max(axes?: readonly number[], keepAxes = false): Tensor {
    return this.apply(reduce.max, [], { axes: this.#axes(axes), keepAxes });
  }

  reshape(shape: Shape): Tensor {
    return sameShape(shape, this.shape) ? this : this.apply(movement.reshape, [], { shape: [...shape] });
  }
  permute(order: readonly number[]): Tensor {
    return this.apply(movement.permute, [], { order: [...order] });
  }
  /** Broadcasts to `shape`. */
  expand(shape: Shape): Tensor {
    return sameShape(shape, this.shape) ? this : this.apply(movement.expand, [], { shape: [...shape] });
  }
  /** Adds `low[axis]` zeros before and `high[axis]` after each axis. */
  pad(low: readonly number[], high: readonly number[]): Tensor {
    return this.apply(movement.pad, [], { low: [...low], high: [...high] });
  }
  slice(start: readonly number[], stop: readonly number[], step?: readonly number[]): Tensor {
    return this.apply(movement.slice, [], {
      start: [...start],
      stop: [...stop],
      step: [...(step ?? this.shape.map(() => 1))],
    });
  }
  flip(axes: readonly number[]): Tensor {
    return this.apply(movement.flip, [], { axes: this.#axes(axes) });
  }
  concat(others: readonly Tensor[], axis: number): Tensor {
    return this.apply(movement.concat, others, { axis });
  }
  /** Everything after the first axis as one axis. */
  flatten(): Tensor {
    return this.reshape([this.shape[0], this.size / this.shape[0]]);
  }

  /** [..., m, k] x [..., k, n] -> [..., m, n]; the flags read an operand transposed. */
  matmul(other: Tensor, options: { transposeA?: boolean; transposeB?: boolean } = {}): Tensor {
    return this.apply(matmul, [other], {
      transposeA: options.transposeA ?? false,
      transposeB: options.transposeB ?? false,
    });
  }

  /** This^-1 b for a symmetric positive definite matrix [n, n], of which the symmetric part is read; NaN where it is none. */
  solveSpd(b: Tensor): Tensor {
    return this.apply(solveSpd, [b]);
  }

  /** Cross-correlation of [n, cin, h, w] with weights [cout, cin / groups, kh, kw], zeros around; each group of channels by itself. */
  conv2d(weights: Tensor, options: { stride?: number; padding?: number; groups?: number } = {}): Tensor {
    const { stride = 1, padding = 0, groups = 1 } = options;
    return this.apply(conv.conv2d, [weights], { stride, padding, ...(groups === 1 ? {} : { groups }) });
  }

  /** Means over `size` x `size` windows, zeros around; a remainder at the end is left out. */
  avgPool2d(size: number, options: { stride?: number; padding?: number } = {}): Tensor {
    const { stride = size, padding = 0 } = options;
    if (stride === size && padding === 0) return this.apply(avgPool2d, [], { size });
    return this.apply(stridedAvgPool, [], { size, stride, padding });
  }

  /** Maxima over `size` x `size` windows; a tie gives its gradient to the first. */
  maxPool2d(size: number, options: { stride?: number; padding?: number } = {}): Tensor {
    return this.apply(maxPool2d, [], { size, stride: options.stride ?? size, padding: options.padding ?? 0 });
  }

  /** (x - mean) / sqrt(variance + epsilon) over `axes`. */
  normalise(axes: readonly number[], epsilon: number): Tensor {
    return this.apply(normalise, [], { axes: this.#axes(axes), epsilon });
  }
  /** 1 / sqrt(variance + epsilon) over `axes`, which keep length 1. */
  inverseDeviation(axes: readonly number[], epsilon: number): Tensor {
    return this.apply(inverseDeviation, [], { axes: this.#axes(axes), epsilon });
  }
  /** Each channel of each image to zero mean and unit variance, then scaled and shifted: scale and shift [c]. */
  instanceNorm(scale: Tensor, shift: Tensor, epsilon = 1e-5): Tensor {
    return this.apply(instanceNorm, [scale, shift], { epsilon });
  }
  /** Each channel of the batch to zero mean and unit variance, then scaled and shifted: scale and shift [c]. */
  batchNorm(scale: Tensor, shift: Tensor, epsilon = 1e-5): Tensor {
    return this.apply(batchNorm, [scale, shift], { epsilon });
  }
  /** The same with each group of channels of each image. */
  groupNorm(groups: number, scale: Tensor, shift: Tensor, epsilon = 1e-5): Tensor {
    return this.apply(groupNorm, [scale, shift], { groups, epsilon });
  }
  /** The same with each row or image as a whole; scale and shift are of its shape. */
  layerNorm(scale: Tensor, shift: Tensor, epsilon = 1e-5): Tensor {
    const axes = this.shape.slice(1).map((_, axis) => axis + 1);
    return this.normalise(axes, epsilon).mul(scale).add(shift);
  }
  /** Log of the softmax over the last of two axes. */
  logSoftmax(): Tensor {
    return this.apply(logSoftmax);
  }

  /** Rows of the first axis: [rows, ...] and indices i32 [n] -> [n, ...]. */
  gather(indices: Tensor): Tensor {
    return this.apply(gather, [indices]);
  }
  /** The adjoint of gather: sums rows into `rows` places. */
  scatterAdd(indices: Tensor, rows: number): Tensor {
    return this.apply(scatterAdd, [indices], { rows });
  }

  /** [n, c, h, w] -> [n, c, ...sides]: bilinear (PyTorch's, align_corners false) or nearest. */
  resize(sides: readonly number[], mode = "bilinear"): Tensor {
    return this.apply(resize, [], { sides: [...sides], mode });
  }

  /** A sparse linear map over pixels, to images of the given height and width (its own by default); see ops/spatial-map.ts. */
  spatialMap(map: SpatialMapTensors, sides?: readonly number[]): Tensor {
    const transposed = map.adjointIndices && map.adjointWeights ? [map.adjointIndices, map.adjointWeights] : [];
    const changes = sides && !sameShape(sides, this.shape.slice(2));
    return this.apply(spatialMap, [map.indices, map.weights, ...transposed], changes ? { sides: [...sides] } : {});
  }
}

/** A spatial map, indices i32 and weights f32 [maps, result's pixels, taps], and its transpose where a gradient is taken. */
export interface SpatialMapTensors {
  readonly indices: Tensor;
  readonly weights: Tensor;
  readonly adjointIndices?: Tensor;
  readonly adjointWeights?: Tensor;
}

/** A fresh graph with one input per given type. */
export function traceInputs(types: readonly { shape: Shape; dtype: DType }[]): { graph: Graph; inputs: Tensor[] } {
  const graph = new Graph();
  const inputs = types.map(
    (type, index) =>
      new Tensor(
        graph,
        graph.node(parameter as unknown as Op, [], { index, shape: [...type.shape], dtype: type.dtype }),
      ),
  );
  return { graph, inputs };
}
