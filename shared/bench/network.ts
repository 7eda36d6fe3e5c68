// The networks of the benchmarks: the specification's ConvNet-3, and the peers' one, without biases and with padding 1 throughout.
import { type HostTree, opaque, type Tensor, type TensorTree } from "../engine/index.ts";
import { deriveKey, rootKey } from "../lib/random.ts";
import { createConvNet } from "../nn/nets/convnet.ts";
import { type BenchOptions, randomArray } from "./workload.ts";

export interface BenchNetwork {
  readonly params: HostTree;
  readonly featureSize: number;
  /** Multiply-accumulates of one image's forward pass. */
  readonly macsPerImage: number;
  forward(theta: TensorTree, x: Tensor): { features: Tensor; logits: Tensor };
}

const SIDE = 28;
const CLASSES = 10;
export const imageShape = [1, SIDE, SIDE] as const;

export function createNetwork({ suite, width }: BenchOptions): BenchNetwork {
  return suite === "peers" ? peersNetwork(width) : specNetwork(width);
}

function specNetwork(width: number): BenchNetwork {
  const input = { channels: 1, height: SIDE, width: SIDE, classes: CLASSES };
  const net = createConvNet({ id: "convnet", depth: 3, width, norm: "instance" }, input);
  return {
    params: net.params(deriveKey(rootKey(1), "bench")),
    featureSize: net.featureSize,
    macsPerImage: net.macsPerImage,
    forward: (theta, x) => net.apply(theta, opaque({}), x, { mode: "train", taps: false }),
  };
}

interface PeerLayers {
  blocks: { conv: Tensor; scale: Tensor; shift: Tensor }[];
  weight: Tensor;
  bias: Tensor;
}

function peersNetwork(width: number): BenchNetwork {
  const sides = [28, 14, 7];
  const channels = [1, width, width];
  const featureSize = width * 9;
  const bound = (fanIn: number) => 1 / Math.sqrt(fanIn);
  return {
    params: opaque({
      blocks: channels.map((cin, block) => ({
        conv: randomArray([width, cin, 3, 3], `conv${block}`, -bound(cin * 9), bound(cin * 9)),
        scale: randomArray([width], `scale${block}`, 0.9, 1.1),
        shift: randomArray([width], `shift${block}`, -0.1, 0.1),
      })),
      weight: randomArray([CLASSES, featureSize], "weight", -bound(featureSize), bound(featureSize)),
      bias: randomArray([CLASSES], "bias", -bound(featureSize), bound(featureSize)),
    }),
    featureSize,
    macsPerImage:
      sides.reduce((sum, side, block) => sum + 9 * channels[block] * width * side * side, 0) + featureSize * CLASSES,
    forward: (theta, images) => {
      const { blocks, weight, bias } = theta as unknown as PeerLayers;
      let x = images;
      for (const { conv, scale, shift } of blocks) {
        x = x.conv2d(conv, { padding: 1 }).instanceNorm(scale, shift).relu().avgPool2d(2);
      }
      const features = x.flatten();
      return { features, logits: features.matmul(weight, { transposeB: true }).add(bias) };
    },
  };
}

/** `count` images and their one-hot labels. */
export function batchOf(count: number) {
  const labels = new Float32Array(count * CLASSES);
  for (let i = 0; i < count; i++) labels[i * CLASSES + (i % CLASSES)] = 1;
  return { images: randomArray([count, ...imageShape], "images"), labels: { shape: [count, CLASSES], data: labels } };
}
