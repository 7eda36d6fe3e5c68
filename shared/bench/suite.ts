// The two suites: a network with its weights and images. `peers` is, to the bit, what the other libraries are measured with;
// `spec` is ConvNet-3 as the methods use it, with biases, on images of three channels and 32 x 32 pixels.
import { type HostArray, type HostTree, opaque, type Tensor, type TensorTree } from "../engine/index.ts";
import { deriveKey, rootKey } from "../lib/random.ts";
import { noBuffers } from "../nn/net.ts";
import { createConvNet } from "../nn/nets/convnet.ts";
import { addNoise, CLASSES, drawImages, drawNormal, oneHot } from "./recipes.ts";

export interface BenchOptions {
  readonly suite: "peers" | "spec";
  /** Channels of the network. */
  readonly width: number;
  /** How many images; those of the peers by default, fewer in tests. */
  readonly sizes?: BenchSizes;
}

export interface BenchSizes {
  /** Images of the forward pass and of the training step. */
  readonly batch: number;
  readonly realPerClass: number;
  readonly syntheticPerClass: number;
}

const peersSizes: BenchSizes = { batch: 256, realPerClass: 64, syntheticPerClass: 10 };

export interface LabelledImages {
  readonly images: HostArray;
  /** One-hot. */
  readonly labels: HostArray;
}

export interface BenchSuite {
  readonly sizes: BenchSizes;
  /** One image: channels, height, width. */
  readonly imageShape: readonly number[];
  readonly width: number;
  /** Height and width of the images that each convolution is given. */
  readonly sides: readonly number[];
  readonly params: HostTree;
  /** Parameters near `params`, for a student to move towards. */
  readonly target: HostTree;
  forward(theta: TensorTree, images: Tensor): { features: Tensor; logits: Tensor };
  /** The convolutions' weights and the last layer's, by name: where a gradient's error is looked for. */
  weightsOf(theta: TensorTree): Record<string, Tensor>;
  /** Images of all classes in turn. */
  batch(): LabelledImages;
  /** Class by class. */
  real(): LabelledImages;
  synthetic(): LabelledImages;
}

export function createSuite({ suite, width, sizes = peersSizes }: BenchOptions): BenchSuite {
  return suite === "peers" ? createPeersSuite(width, sizes) : createSpecSuite(width, sizes);
}

function drawSets(sizes: BenchSizes, imageShape: readonly number[]) {
  const draw = (seed: number, count: number, labelOf: (image: number) => number): LabelledImages => {
    const labels = Array.from({ length: count }, (_, image) => labelOf(image));
    return { images: drawImages(seed, labels, imageShape), labels: oneHot(labels) };
  };
  const byClass = (seed: number, each: number) => draw(seed, CLASSES * each, (image) => Math.floor(image / each));
  return {
    batch: () => draw(11, sizes.batch, (image) => image % CLASSES),
    real: () => byClass(12, sizes.realPerClass),
    synthetic: () => byClass(13, sizes.syntheticPerClass),
  };
}

interface PeersParams<T> {
  readonly blocks: readonly { readonly conv: T; readonly scale: T; readonly shift: T }[];
  readonly linear: { readonly weight: T; readonly bias: T };
}

/** ConvNet-3 without biases of its convolutions, padding 1 throughout, 28 x 28 grey images: maps of 28, 14 and 7. */
function createPeersSuite(width: number, sizes: BenchSizes): BenchSuite {
  const imageShape = [1, 28, 28];
  const featureSize = width * 3 * 3;
  const channels = [1, width, width];
  const draw = (
    of: (index: number, shape: readonly number[], deviation: number, mean: number) => HostArray,
  ): PeersParams<HostArray> => ({
    blocks: channels.map((cin, block) => ({
      conv: of(3 * block, [width, cin, 3, 3], Math.sqrt(2 / (9 * cin)), 0),
      scale: of(3 * block + 1, [width], 0.1, 1),
      shift: of(3 * block + 2, [width], 0.1, 0),
    })),
    linear: {
      weight: of(9, [CLASSES, featureSize], Math.sqrt(1 / featureSize), 0),
      bias: of(10, [CLASSES], 0.05, 0),
    },
  });
  const drawParam = (index: number, shape: readonly number[], deviation: number, mean: number) =>
    drawNormal(1000 + 31 * width + index, shape, deviation, mean);
  const of = (theta: TensorTree) => theta as unknown as PeersParams<Tensor>;
  return {
    sizes,
    imageShape,
    width,
    sides: [28, 14, 7],
    params: opaque(draw(drawParam)),
    target: opaque(
      draw((index, shape, deviation, mean) =>
        addNoise(drawParam(index, shape, deviation, mean), 5000 + 31 * width + index, 0.1 * deviation),
      ),
    ),
    forward: (theta, images) => {
      const { blocks, linear } = of(theta);
      let x = images;
      for (const { conv, scale, shift } of blocks) {
        x = x.conv2d(conv, { padding: 1 }).instanceNorm(scale, shift).relu().avgPool2d(2);
      }
      const features = x.flatten();
      return { features, logits: features.matmul(linear.weight, { transposeB: true }).add(linear.bias) };
    },
    weightsOf: (theta) =>
      nameWeights(
        of(theta).blocks.map(({ conv }) => conv),
        of(theta).linear.weight,
      ),
    ...drawSets(sizes, imageShape),
  };
}

interface SpecParams<T> {
  readonly blocks: readonly { readonly conv: { readonly weight: T; readonly bias: T } }[];
  readonly linear: { readonly weight: T; readonly bias: T };
}

function createSpecSuite(width: number, sizes: BenchSizes): BenchSuite {
  const [channels, side] = [3, 32];
  const net = createConvNet(
    { id: "convnet", depth: 3, width, norm: "instance" },
    { channels, height: side, width: side, classes: CLASSES },
  );
  const key = deriveKey(rootKey(1), "bench");
  const of = (theta: TensorTree) => theta as unknown as SpecParams<Tensor>;
  return {
    sizes,
    imageShape: [channels, side, side],
    width,
    sides: [32, 16, 8],
    params: net.params(deriveKey(key, "params")),
    target: net.params(deriveKey(key, "target")),
    forward: (theta, images) => net.apply(theta, noBuffers, images, { mode: "train" }),
    weightsOf: (theta) =>
      nameWeights(
        of(theta).blocks.map(({ conv }) => conv.weight),
        of(theta).linear.weight,
      ),
    ...drawSets(sizes, [channels, side, side]),
  };
}

function nameWeights(convolutions: readonly Tensor[], linear: Tensor): Record<string, Tensor> {
  return { ...Object.fromEntries(convolutions.map((weight, at) => [`conv${at + 1}`, weight])), linear };
}
