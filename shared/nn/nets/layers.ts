// The layers that networks are made of, by the names that recipes use: norms, activations, poolings; and the size of a map behind them.
import type { Tensor } from "../../engine/index.ts";
import { normInit, type WeightAndBias } from "../init.ts";

export const norms = ["instance", "batch", "layer", "group", "none"] as const;
export type Norm = (typeof norms)[number];

/** Groups of a group norm. */
export const GROUPS = 4;

export const activations = {
  relu: (x: Tensor) => x.relu(),
  sigmoid: (x: Tensor) => x.sigmoid(),
  leakyrelu: (x: Tensor) => x.leakyRelu(0.01),
  swish: (x: Tensor) => x.swish(),
};
export type Activation = keyof typeof activations;

export const pools = {
  avg: (x: Tensor) => x.avgPool2d(2),
  max: (x: Tensor) => x.maxPool2d(2),
  none: (x: Tensor) => x,
};
export type Pool = keyof typeof pools;

/** A layer's parameters; convolutions before a residual block's norms have no bias. */
export interface Layer<Leaf> {
  readonly weight: Leaf;
  readonly bias: Leaf;
}

export type Conv<Leaf> = Omit<Layer<Leaf>, "bias"> & Partial<Layer<Leaf>>;

/** Scale and shift of each channel, of each value for layer norm; undefined without a norm. */
export function normParameters(norm: Norm, { channels, height, width }: MapSize): WeightAndBias | undefined {
  if (norm === "none") return undefined;
  return normInit(norm === "layer" ? [channels, height, width] : [channels]);
}

export interface ConvOptions {
  readonly stride?: number;
  readonly padding: number;
}

export function convolve(x: Tensor, { weight, bias }: Conv<Tensor>, options: ConvOptions): Tensor {
  const y = x.conv2d(weight, options);
  return bias ? y.add(bias.reshape([1, bias.size, 1, 1])) : y;
}

export function connect(x: Tensor, { weight, bias }: Layer<Tensor>): Tensor {
  return x.matmul(weight, { transposeB: true }).add(bias);
}

/** One image's map. */
export interface MapSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export const sizeOfMap = ({ channels, height, width }: MapSize) => channels * height * width;

/** The map behind a convolution of `shape` = [cout, cin, kernel, kernel]; a side below one where the kernel does not fit. */
export function convolved(map: MapSize, shape: readonly number[], { stride = 1, padding }: ConvOptions): MapSize {
  const along = (side: number) => Math.floor((side + 2 * padding - shape[2]) / stride) + 1;
  return { channels: shape[0], height: along(map.height), width: along(map.width) };
}

/** The map behind a pooling without overlap; a side of zero where the window does not fit. */
export function pooled({ channels, height, width }: MapSize, size: number): MapSize {
  return { channels, height: Math.floor(height / size), width: Math.floor(width / size) };
}

/** Multiply-accumulates of a convolution whose map is given, or of a linear layer, by the shape of its weight. */
export const macsOf = (weight: readonly number[], { height, width } = { height: 1, width: 1 }) =>
  weight.reduce((product, side) => product * side, height * width);
