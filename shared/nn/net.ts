// The contract of a network: parameters and running statistics are arguments, never hidden in an object.
import { type HostTree, opaque, type Tensor, type TensorTree } from "../engine/index.ts";
import type { Key } from "../lib/random.ts";

export interface NetOptions {
  /** In training batch norm takes the statistics of the batch, else the running ones that it is given. */
  readonly mode: "train" | "eval";
}

export interface NetResult {
  /** [n, classes] */
  readonly logits: Tensor;
  /** What the last linear layer is given, [n, featureSize]: of a convolutional net the flattened last block, DM's embedding. */
  readonly features: Tensor;
  readonly taps: Taps;
  /** Running statistics after this batch, in the form that was given; empty without batch norm. */
  readonly buffers: TensorTree;
}

/** What a forward pass computes on its way, for methods that match it. What nobody reads costs nothing. */
export interface Taps {
  /** What each normalisation layer is given, [n, c, h, w], in the order of their parameters. */
  readonly normInputs: readonly Tensor[];
  /** The maps after each block's activation, before its pooling, [n, c, h, w]; a residual block counts as one. */
  readonly activations: readonly Tensor[];
}

export interface Net {
  /** Stable name, e.g. "convnet-3" or "vgg11-bn". */
  readonly id: string;
  readonly width: number;
  readonly featureSize: number;
  /** Multiply-accumulates of one image's forward pass, counting convolutions and linear layers. */
  readonly macsPerImage: number;
  /** Floats of the largest activation of one image. */
  readonly widestActivation: number;
  /** Whether the images of a batch change one another's features in training, as under batch norm. */
  readonly mixesImages: boolean;
  /** Fresh parameters, in the order of PyTorch's `named_parameters`; the same key gives the same numbers. */
  params(key: Key): HostTree;
  /** Fresh running statistics, in the order of the batch norms. */
  buffers(): HostTree;
  /** In training `buffers` may be `noBuffers`, which then come back: they are kept up, not read. */
  apply(params: TensorTree, buffers: TensorTree, images: Tensor, options: NetOptions): NetResult;
}

/** For a training pass whose running statistics nobody wants, and for networks that have none. */
export const noBuffers: TensorTree = opaque([]);

/** What a network is built for. */
export interface NetInput {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
}
