// ConvNet-D, the distillation network of the field (Gidaris & Komodakis, 2018; Zhao et al., 2021):
// D blocks of convolution 3x3, instance norm, ReLU and average pooling 2x2, then one linear layer.
import { z } from "zod";
import { opaque, type Tensor } from "../../engine/index.ts";
import { deriveKey } from "../../lib/random.ts";
import { UserError } from "../../lib/user-error.ts";
import { linearInit, normInit } from "../init.ts";
import type { Net, NetInput } from "../net.ts";

export const convnetOptions = z.strictObject({
  id: z.literal("convnet").describe("ConvNet-D of the dataset-condensation papers"),
  depth: z.int().min(1).max(8).describe("Blocks; each halves the sides. 3 for 28 and 32 pixels, 4 for 64, 5 for 128"),
  width: z.int().min(1).max(1024).describe("Channels of every block"),
  norm: z.enum(["instance", "none"]).describe("Normalisation inside each block"),
});

export type ConvNetOptions = z.infer<typeof convnetOptions>;

interface LayerTensors {
  weight: Tensor;
  bias: Tensor;
}

interface ConvNetTensors {
  blocks: { conv: LayerTensors; norm?: LayerTensors }[];
  linear: LayerTensors;
}

/** Kernel 3, padding 1; the first block of a one-channel net pads by 3, so that 28 pixels run as 32. */
function paddingOf(block: number, channels: number): number {
  return block === 0 && channels === 1 ? 3 : 1;
}

/** The most blocks that leave a pixel: the first may pad more than it takes. */
function deepestFor({ channels, height, width }: NetInput): number {
  return Math.floor(Math.log2(Math.min(height, width) + 2 * paddingOf(0, channels) - 2));
}

export function createConvNet(options: ConvNetOptions, input: NetInput): Net {
  const { depth, width, norm } = options;
  const blocks = Array.from({ length: depth }, (_, index) => ({
    cin: index === 0 ? input.channels : width,
    padding: paddingOf(index, input.channels),
  }));
  let [height, breadth] = [input.height, input.width];
  let macs = 0;
  let widest = 0;
  for (const { cin, padding } of blocks) {
    [height, breadth] = [height + 2 * padding - 2, breadth + 2 * padding - 2];
    macs += 9 * cin * width * height * breadth;
    widest = Math.max(widest, width * height * breadth);
    [height, breadth] = [Math.floor(height / 2), Math.floor(breadth / 2)];
  }
  if (height < 1 || breadth < 1) {
    const deepest = deepestFor(input);
    throw new UserError(
      "net-too-deep",
      `network.depth: ${depth} blocks halve ${input.height}x${input.width} pixels to nothing.`,
      deepest > 0 ? `Use a depth of at most ${deepest}, or larger images.` : "Use larger images.",
    );
  }
  const featureSize = width * height * breadth;

  return {
    id: `convnet-${depth}`,
    width,
    featureSize,
    macsPerImage: macs + featureSize * input.classes,
    widestActivation: widest,
    params: (key) =>
      opaque({
        blocks: blocks.map(({ cin }, index) => ({
          conv: linearInit(deriveKey(key, "blocks", index), [width, cin, 3, 3]),
          ...(norm === "instance" ? { norm: normInit(width) } : {}),
        })),
        linear: linearInit(deriveKey(key, "linear"), [input.classes, featureSize]),
      }),
    buffers: () => opaque({}),
    apply: (params, buffers, images, { taps }) => {
      const { blocks: layers, linear } = params as unknown as ConvNetTensors;
      const tapped: Tensor[] = [];
      let x = images;
      layers.forEach(({ conv, norm: affine }, index) => {
        x = x.conv2d(conv.weight, { padding: blocks[index].padding }).add(conv.bias.reshape([1, width, 1, 1]));
        if (taps) tapped.push(x);
        if (affine) x = x.instanceNorm(affine.weight, affine.bias);
        x = x.relu().avgPool2d(2);
      });
      const features = x.flatten();
      const logits = features.matmul(linear.weight, { transposeB: true }).add(linear.bias);
      return { logits, features, taps: tapped, buffers };
    },
  };
}
