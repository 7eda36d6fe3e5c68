// DSA: one program for every operation, and the draws that it reads.
import { z } from "zod";
import type { Tensor } from "../../engine/index.ts";
import { deriveKey, integers, type Key, uniform } from "../../lib/random.ts";
import { type Augmentation, type AugmentationArrays, packAugmentations } from "./draw.ts";
import { colour, crop, cutout, flip, type Operation, rotate, scale } from "./operations.ts";

/** In the papers' order, from which a strategy draws. */
export const operations: readonly Operation[] = [colour, crop, cutout, flip, scale, rotate];

export const strategy = z
  .array(z.enum(["color", "crop", "cutout", "flip", "scale", "rotate"]))
  .describe("DSA operations to draw from; digits go without flip. Empty: no augmentation");

export type Strategy = z.infer<typeof strategy>;

/** The form in which `augment` takes an augmentation inside a program. */
export type AugmentationTensors = { readonly [Name in keyof AugmentationArrays]: Tensor };

/**
 * One operation drawn uniformly from the strategy, and `sets` draws of its parameters. Siamese use shares one set
 * among all images; evaluation draws one for each.
 */
export function drawAugmentation(
  key: Key,
  chosen: Strategy,
  sets: number,
  height: number,
  width: number,
): Augmentation[] {
  if (chosen.length === 0) return Array.from({ length: sets }, () => ({}));
  const [pick] = integers(deriveKey(key, "operation"), 1, chosen.length);
  const operation = operations.find(({ id }) => id === chosen[pick]) as Operation;
  const u = uniform(deriveKey(key, "parameters"), sets * operation.draws);
  return Array.from({ length: sets }, (_, set) =>
    operation.sample(u.subarray(set * operation.draws, (set + 1) * operation.draws), height, width),
  );
}

/** A_w(x) for images [n, c, h, w]: each group of n / sets images takes one set of parameters. */
export function augment(x: Tensor, drawn: AugmentationTensors): Tensor {
  const [n, , h, w] = x.shape;
  const [sets] = drawn.mask.shape;
  /** The images of a set side by side, so that its parameters broadcast over them. */
  const grouped = (images: Tensor) =>
    images.reshape([sets, (images.shape[0] / sets) * images.shape[1], images.shape[2], images.shape[3]]);
  const [scaling, channel, image, shift] = [0, 1, 2, 3].map((column) =>
    drawn.colour.slice([0, column], [sets, column + 1]).reshape([sets, 1, 1, 1]),
  );
  const moved = x.spatialMap(drawn);
  const channelMean = moved.mean([1], true);
  const imageMean = channelMean.mean([2, 3], true);
  const offset = grouped(channelMean).mul(channel).add(grouped(imageMean).mul(image)).add(shift).reshape([n, 1, h, w]);
  const coloured = grouped(moved).mul(scaling).reshape(x.shape).add(offset);
  return grouped(coloured).mul(drawn.mask).reshape(x.shape);
}

export { type Augmentation, type AugmentationArrays, packAugmentations };
