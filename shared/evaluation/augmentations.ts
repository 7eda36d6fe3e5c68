// What protocols do to their training batches, by name: DSA, IDC's composition with CutMix, and DC's own for MNIST.
import type { HostArray, Tensor } from "../engine/index.ts";
import { deriveKey, integers, type Key, permutation, uniform } from "../lib/random.ts";
import {
  type AugmentationArrays,
  type AugmentationTensors,
  augment,
  drawAugmentation,
  packAugmentations,
  type Strategy,
} from "../nn/augment/index.ts";
import { augmentAsDc } from "./dc-augmentation.ts";

interface BatchAugmentation {
  /** Of a recipe's strategy, what follows one another: one operation is drawn of each part for a batch, its parameters for each image. */
  readonly parts: (chosen: Strategy) => readonly Strategy[];
  /** The probability that a box of each image is that of another (CutMix). */
  readonly cutMix?: number;
  readonly onHost?: (key: Key, images: HostArray) => HostArray;
}

const augmentations = {
  nothing: { parts: () => [] },
  dsa: { parts: (chosen) => [chosen] },
  /** snu-mllab/Efficient-Dataset-Condensation, augment.py and train.py: cutout is left out of the strategy, flip and colour come always. */
  idc: {
    parts: (chosen) =>
      ([["flip"], ["color"], ["crop", "scale", "rotate"]] as const).map((part) =>
        part.filter((operation) => chosen.includes(operation)),
      ),
    cutMix: 0.5,
  },
  dc: { parts: () => [], onHost: augmentAsDc },
} as const satisfies Record<string, BatchAugmentation>;

export type AugmentedBy = keyof typeof augmentations;

interface Given {
  readonly augmentedBy: AugmentedBy;
}

/** The operations of a recipe's strategy that a protocol uses. */
export const strategyOf = ({ augmentedBy }: Given, chosen: Strategy): Strategy =>
  augmentations[augmentedBy].parts(chosen).flat();

/** Images [n, c, h, w] and their targets [n, classes]. */
interface Batch {
  readonly images: HostArray;
  readonly targets: HostArray;
}

/** What `applyDrawn` reads: an augmentation for each part, and the box of CutMix. */
export interface Drawn<Array = HostArray, Augmentations = AugmentationArrays> {
  readonly parts: readonly Augmentations[];
  /** Image i takes what `keep` [1, 1, h, w] leaves out from image `order[i]`. */
  readonly mix?: { readonly order: Array; readonly keep: Array };
}

/** A batch with all that is drawn for it; targets are mixed as their images are. */
export function drawBatch({ augmentedBy }: Given, chosen: Strategy, batch: Batch, key: Key): Batch & { drawn: Drawn } {
  const { parts, cutMix, onHost }: BatchAugmentation = augmentations[augmentedBy];
  const images = onHost ? onHost(key, batch.images) : batch.images;
  const [count, , height, width] = images.shape;
  const packed = parts(chosen)
    .filter((part) => part.length > 0)
    .map((part, index) => {
      const own = index === 0 ? key : deriveKey(key, "part", index);
      return packAugmentations(drawAugmentation(own, part, count, height, width), height, width, false);
    });
  if (cutMix === undefined) return { images, targets: batch.targets, drawn: { parts: packed } };
  const { mix, share } = drawCutMix(deriveKey(key, "mix"), cutMix, count, height, width);
  return { images, targets: mixTargets(batch.targets, mix.order.data, share), drawn: { parts: packed, mix } };
}

/**
 * The box of CutMix (Yun et al., ICCV 2019) for lambda ~ Beta(1, 1): one box and one order for a batch, or none. `share` is
 * what is left of each image.
 */
export function drawCutMix(key: Key, probability: number, count: number, height: number, width: number) {
  const [whether, lambda] = uniform(key, 2);
  const keep = new Float32Array(height * width).fill(1);
  const isMixed = whether < probability;
  if (isMixed) {
    const [rows, columns] = [height, width].map((side, axis) => {
      const [centre] = integers(deriveKey(key, "centre", axis), 1, side);
      const half = Math.floor(Math.floor(side * Math.sqrt(1 - lambda)) / 2);
      return { from: Math.max(centre - half, 0), to: Math.min(centre + half, side) };
    });
    for (let y = rows.from; y < rows.to; y++) keep.fill(0, y * width + columns.from, y * width + columns.to);
  }
  const order = isMixed ? permutation(deriveKey(key, "order"), count) : Int32Array.from({ length: count }, (_, i) => i);
  return {
    mix: { order: { shape: [count], data: order }, keep: { shape: [1, 1, height, width], data: keep } },
    share: keep.reduce((sum, value) => sum + value, 0) / keep.length,
  };
}

function mixTargets({ shape, data }: HostArray, order: ArrayLike<number>, share: number): HostArray {
  const [, classes] = shape;
  const mixed = Float32Array.from(data, (value, at) => {
    const other = data[order[Math.floor(at / classes)] * classes + (at % classes)];
    return share * value + (1 - share) * other;
  });
  return { shape, data: mixed };
}

/** The same inside a program. */
export function applyDrawn(images: Tensor, { parts, mix }: Drawn<Tensor, AugmentationTensors>): Tensor {
  const x = parts.reduce(augment, images);
  return mix ? x.mul(mix.keep).add(x.gather(mix.order).mul(mix.keep.neg().add(1))) : x;
}
