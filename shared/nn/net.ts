// The contract of a network: parameters and running statistics are arguments, never hidden in an object.
import type { HostTree, Tensor, TensorTree } from "../engine/index.ts";
import type { Key } from "../lib/random.ts";

export interface NetOptions {
  readonly mode: "train" | "eval";
  /** Whether to return the inputs of every normalisation layer. */
  readonly taps: boolean;
}

export interface NetResult {
  /** [n, classes] */
  readonly logits: Tensor;
  /** The flattened last block, [n, featureSize]: the embedding of DM and DataDAM. */
  readonly features: Tensor;
  readonly taps: readonly Tensor[];
  /** Running statistics after this batch; empty without batch norm. */
  readonly buffers: TensorTree;
}

export interface Net {
  /** Stable name, e.g. "convnet-3". */
  readonly id: string;
  readonly width: number;
  readonly featureSize: number;
  /** Multiply-accumulates of one image's forward pass, counting convolutions and linear layers. */
  readonly macsPerImage: number;
  /** Floats of the largest activation of one image. */
  readonly widestActivation: number;
  /** Fresh parameters; the same key gives the same numbers. */
  params(key: Key): HostTree;
  /** Fresh running statistics. */
  buffers(): HostTree;
  apply(params: TensorTree, buffers: TensorTree, images: Tensor, options: NetOptions): NetResult;
}

/** What a network is built for. */
export interface NetInput {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
}
