// ResNet-18 (He et al., 2016) with the stem of CIFAR, and its form with average pooling in place of strides (Zhao & Bilen, 2021),
// as the cross-architecture tables have them.
import { z } from "zod";
import { opaque, type Tensor } from "../../engine/index.ts";
import { deriveKey, type Key } from "../../lib/random.ts";
import { freshStatistics } from "../batch-norm.ts";
import { linearInit, normInit, weightInit } from "../init.ts";
import type { Net, NetInput } from "../net.ts";
import { defineFamily, requireFit, widthOption } from "./family.ts";
import {
  type Conv,
  connect,
  convolve,
  convolved,
  type Layer,
  type MapSize,
  macsOf,
  type Norm,
  pooled,
  sizeOfMap,
} from "./layers.ts";
import { nameOf } from "./names.ts";
import { Pass } from "./pass.ts";

const common = {
  width: widthOption(64),
  norm: z.enum(["instance", "batch"]).default("instance").describe("Normalisation behind each convolution"),
};

export const resnet18 = defineFamily(
  z.strictObject({ id: z.literal("resnet18").describe("ResNet-18 with the stem of CIFAR"), ...common }),
  (given, input) => createResNet({ ...given, name: nameOf(given), isAveraged: false }, input),
);

export const resnet18Ap = defineFamily(
  z.strictObject({
    id: z.literal("resnet18-ap").describe("ResNet-18 with average pooling in place of strides"),
    ...common,
  }),
  (given, input) => createResNet({ ...given, name: nameOf(given), isAveraged: true }, input),
);

/** Channels of the basic blocks, in widths; where they grow, the sides are halved. */
const BLOCKS = [1, 1, 2, 2, 4, 4, 8, 8];

/** Pixels that the last map is averaged over, where strides halve. */
const LAST_POOL = 4;

interface Norms<Leaf> {
  readonly conv: Conv<Leaf>;
  readonly norm: Layer<Leaf>;
}

interface Residual<Leaf> {
  readonly conv1: Conv<Leaf>;
  readonly norm1: Layer<Leaf>;
  readonly conv2: Conv<Leaf>;
  readonly norm2: Layer<Leaf>;
  readonly shortcut?: Norms<Leaf>;
}

interface ResNetTensors {
  readonly stem: Norms<Tensor>;
  readonly blocks: readonly Residual<Tensor>[];
  readonly linear: Layer<Tensor>;
}

/** A basic block: whether it halves the sides, the shapes of its weights, and the maps behind its convolutions. */
function planBlock(from: MapSize, channels: number, isAveraged: boolean) {
  const halves = channels !== from.channels;
  const stride = halves && !isAveraged ? 2 : 1;
  const conv1 = [channels, from.channels, 3, 3];
  const first = convolved(from, conv1, { stride, padding: 1 });
  return {
    halves,
    stride,
    channels,
    conv1,
    first,
    conv2: [channels, channels, 3, 3],
    last: halves && isAveraged ? pooled(first, 2) : first,
    shortcut: halves ? [channels, from.channels, 1, 1] : undefined,
  };
}

type BlockPlan = ReturnType<typeof planBlock>;

function planBlocks(stem: MapSize, isAveraged: boolean): BlockPlan[] {
  const blocks: BlockPlan[] = [];
  let map = stem;
  for (const widths of BLOCKS) {
    const block = planBlock(map, widths * stem.channels, isAveraged);
    blocks.push(block);
    map = block.last;
  }
  return blocks;
}

function initBlock(key: Key, { channels, conv1, conv2, shortcut }: BlockPlan) {
  const conv = (name: string, shape: readonly number[]) => ({ weight: weightInit(deriveKey(key, name), shape) });
  const norm = normInit([channels]);
  return {
    conv1: conv("conv1", conv1),
    norm1: norm,
    conv2: conv("conv2", conv2),
    norm2: norm,
    ...(shortcut ? { shortcut: { conv: conv("shortcut", shortcut), norm } } : {}),
  };
}

/** relu(norm(conv(relu(norm(conv x)))) + shortcut x); averages halve behind the first activation and before the shortcut's norm. */
function applyBlock(
  x: Tensor,
  tensors: Residual<Tensor>,
  { halves, stride }: BlockPlan,
  norm: Norm,
  pass: Pass,
): Tensor {
  const halve = (map: Tensor) => (halves && stride === 1 ? map.avgPool2d(2) : map);
  const { conv1, norm1, conv2, norm2, shortcut } = tensors;
  const first = halve(pass.normalise(convolve(x, conv1, { stride, padding: 1 }), norm, norm1).relu());
  const second = pass.normalise(convolve(first, conv2, { padding: 1 }), norm, norm2);
  const past = shortcut
    ? pass.normalise(halve(convolve(x, shortcut.conv, { stride, padding: 0 })), norm, shortcut.norm)
    : x;
  return pass.activated(second.add(past).relu());
}

interface ResNetOptions {
  readonly name: string;
  readonly width: number;
  readonly norm: Norm;
  readonly isAveraged: boolean;
}

/** Throws UserError "net-too-deep". */
function createResNet({ name, width, norm, isAveraged }: ResNetOptions, input: NetInput): Net {
  const stemShape = [width, input.channels, 3, 3];
  const planFor = (size: MapSize) => {
    const stem = convolved(size, stemShape, { padding: 1 });
    const blocks = planBlocks(stem, isAveraged);
    const { last } = blocks[blocks.length - 1];
    return { stem, blocks, last: isAveraged ? last : pooled(last, LAST_POOL) };
  };
  // A norm over a single pixel leaves nothing of it.
  const least = isAveraged ? 2 : 1;
  requireFit(name, input, (side) => planFor({ ...input, height: side, width: side }).last.height >= least);
  const { stem, blocks, last } = planFor(input);
  const linearShape = [input.classes, sizeOfMap(last)];
  const macs = blocks.map(
    ({ conv1, first, conv2, last, shortcut }) =>
      macsOf(conv1, first) + macsOf(conv2, last) + (shortcut ? macsOf(shortcut, first) : 0),
  );

  return {
    id: name,
    width,
    featureSize: linearShape[1],
    macsPerImage: [macsOf(stemShape, stem), ...macs, macsOf(linearShape)].reduce((sum, each) => sum + each),
    widestActivation: Math.max(sizeOfMap(stem), ...blocks.map(({ first }) => sizeOfMap(first))),
    mixesImages: norm === "batch",
    params: (key) =>
      opaque({
        stem: { conv: { weight: weightInit(deriveKey(key, "stem"), stemShape) }, norm: normInit([width]) },
        blocks: blocks.map((block, at) => initBlock(deriveKey(key, "blocks", at), block)),
        linear: linearInit(deriveKey(key, "linear"), linearShape),
      }),
    buffers: () =>
      opaque(
        norm !== "batch"
          ? []
          : [
              freshStatistics(width),
              ...blocks.flatMap(({ channels, shortcut }) =>
                Array.from({ length: shortcut ? 3 : 2 }, () => freshStatistics(channels)),
              ),
            ],
      ),
    apply: (params, buffers, images, options) => {
      const tensors = params as unknown as ResNetTensors;
      const pass = new Pass(options, buffers);
      const stemmed = convolve(images, tensors.stem.conv, { padding: 1 });
      let x = pass.activated(pass.normalise(stemmed, norm, tensors.stem.norm).relu());
      for (const [at, block] of blocks.entries()) x = applyBlock(x, tensors.blocks[at], block, norm, pass);
      const features = (isAveraged ? x : x.avgPool2d(LAST_POOL)).flatten();
      return pass.finish(connect(features, tensors.linear), features);
    },
  };
}
