// The manifest of a stored dataset: what was imported, how, and where its packed pixels lie.

import { z } from "zod";
import type { StandardNormaliser } from "./normaliser.ts";

export const MANIFEST_VERSION = 1;

export const splitNames = ["train", "test"] as const;
export type SplitName = (typeof splitNames)[number];

export const fits = ["crop", "pad", "stretch"] as const;
export const colours = ["colour", "grey"] as const;

export const problemSchema = z.strictObject({ path: z.string(), reason: z.string() });
const count = z.int().nonnegative();
const digest = z.string().regex(/^[0-9a-f]{64}$/);
/** A bare file name: a manifest is untrusted input and must not lead out of its own folder. */
const fileName = z.string().regex(/^[a-z0-9][a-z0-9.-]*$/);

const chunk = z.strictObject({ file: fileName, images: z.int().positive(), sha256: digest });

const sheet = z.strictObject({
  file: fileName,
  split: z.enum(splitNames),
  /** Index of the sheet's first image within its split. */
  from: count,
  images: z.int().positive(),
  columns: z.int().positive(),
  /** Side of one thumbnail in pixels; thumbnails follow row by row. */
  side: z.int().positive(),
});

/** `version` 1, kind "images": one label per image. Pixels are uint8, each image [c][h][w], classes in order. */
export const imageManifest = z.strictObject({
  version: z.literal(MANIFEST_VERSION),
  kind: z.literal("images"),
  id: z.string().regex(/^[0-9a-f]{16}$/),
  name: z.string(),
  createdAt: z.iso.datetime(),
  /** `stamp` is a digest of the source's file listing: equal means that nothing has to be read again. */
  source: z.strictObject({ path: z.string(), format: z.string(), stamp: digest }),
  /** Of decoded pixels, split and class names; the order of images within a class does not matter. */
  fingerprint: digest,
  /** In code-point order of names; counts are of stored images. */
  classes: z.array(z.strictObject({ name: z.string(), train: count, test: count })).min(2),
  height: z.int().positive(),
  width: z.int().positive(),
  channels: z.union([z.literal(1), z.literal(3)]),
  /** Per channel of the training split, pixels scaled to [0, 1]; `std` is the population's. */
  mean: z.array(z.number()),
  std: z.array(z.number()),
  options: z.strictObject({ size: z.int().positive(), fit: z.enum(fits), colour: z.enum(colours) }),
  split: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("folders") }),
    z.strictObject({ kind: z.literal("stratified"), seed: z.int(), testFraction: z.number() }),
  ]),
  chunks: z.strictObject({ train: z.array(chunk), test: z.array(chunk) }),
  sheets: z.array(sheet),
  /** Where the images' paths in the source are kept, in stored order: JSON, { train, test }. */
  names: fileName.optional(),
  /** What the import decided by itself, in sentences. */
  notes: z.array(z.string()),
  /** Files left out, with the reason. */
  skipped: z.array(problemSchema),
  /** Files that were read, but that the user may want to look at. */
  warnings: z.array(problemSchema),
});

/** Every kind of dataset; captions and graphs will join as further kinds. */
export const datasetManifest = z.discriminatedUnion("kind", [imageManifest]);

export type Problem = z.infer<typeof problemSchema>;
export type ImageManifest = z.infer<typeof imageManifest>;
export type DatasetManifest = z.infer<typeof datasetManifest>;
export type Fit = (typeof fits)[number];
export type Colour = (typeof colours)[number];

/** Zero mean and unit deviation of the training images; a channel that never changes has no deviation to divide by. */
export function normaliserOf({ mean, std }: Pick<ImageManifest, "mean" | "std">): StandardNormaliser {
  return { kind: "standard", mean, std: std.map((deviation) => (deviation > 0 ? deviation : 1)) };
}

/** How many images a split holds. */
export function countImages(manifest: ImageManifest, split: SplitName): number {
  return manifest.classes.reduce((sum, each) => sum + each[split], 0);
}

/** The class index of every image of a split, in stored order (class-major, so counts alone tell). */
export function listLabels(manifest: ImageManifest, split: SplitName): Int32Array<ArrayBuffer> {
  const labels = new Int32Array(countImages(manifest, split));
  let at = 0;
  manifest.classes.forEach((each, index) => {
    labels.fill(index, at, (at += each[split]));
  });
  return labels;
}
