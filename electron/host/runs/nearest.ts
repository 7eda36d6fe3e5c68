// The real training images nearest to a synthetic one of the same class, by L2 distance with each channel normalised.

import { join } from "node:path";
import { setImmediate as yieldToOthers } from "node:timers/promises";
import sharp from "sharp";
import type { Nearest } from "../../../shared/api/images.ts";
import type { DistilledSet } from "../../../shared/data/distilled-set.ts";
import { type DatasetManifest, normaliserOf } from "../../../shared/data/manifest.ts";
import { denormalise } from "../../../shared/data/normaliser.ts";
import { layPreview, placeInPreview } from "../../../shared/lib/preview-grid.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { type ChunkCache, folderOf, readImages } from "../datasets/index.ts";
import type { Store } from "../store.ts";
import { PREVIEWS, type Run } from "./folder.ts";
import { listPreviews } from "./previews.ts";
import { listKeptSteps, readDatasetOf, readSynthetic } from "./synthetic.ts";

export interface NearestQuery {
  readonly step: number;
  /** class * ipc + index */
  readonly image: number;
  readonly count: number;
}

/** Values that are compared between two looks at the signal: some ten milliseconds of work. */
const BLOCK_VALUES = 2 ** 22;

/** Where the step's exact values are not kept, its preview is compared. Rejects with the signal's reason on an abort. */
export async function findNearest(
  run: Run,
  store: Store,
  query: NearestQuery,
  signal: AbortSignal,
  cache?: ChunkCache,
): Promise<Nearest> {
  const manifest = await readDatasetOf(run.record, store);
  const { values, classIndex, isExact, step } = await readImage(run, store, manifest, query);
  const { mean, std } = normaliserOf(manifest);
  const { channels, height, width, classes } = manifest;
  const area = height * width;
  const size = channels * area;
  const from = classes.slice(0, classIndex).reduce((sum, { train }) => sum + train, 0);
  const end = from + classes[classIndex].train;
  const perBlock = Math.max(1, Math.floor(BLOCK_VALUES / size));
  let best: { index: number; distance: number }[] = [];
  for (let at = from; at < end; at += perBlock) {
    signal.throwIfAborted();
    const to = Math.min(end, at + perBlock);
    const pixels = await readImages(manifest, folderOf(store, manifest.id), "train", { from: at, to }, cache);
    const distances: { index: number; distance: number }[] = [];
    for (let image = 0; image < to - at; image++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) {
        const [scale, shift] = [1 / (255 * std[c]), mean[c] / std[c]];
        for (let p = c * area; p < (c + 1) * area; p++) {
          const gap = pixels[image * size + p] * scale - shift - values[p];
          sum += gap * gap;
        }
      }
      distances.push({ index: at + image, distance: Math.sqrt(sum) });
    }
    best = [...best, ...distances].sort((a, b) => a.distance - b.distance).slice(0, query.count);
    await yieldToOthers();
  }
  return { step, isExact, datasetId: manifest.id, images: best };
}

/** One synthetic image, normalised channel by channel: [channels][height][width]. */
async function readImage(run: Run, store: Store, manifest: DatasetManifest, { step, image }: NearestQuery) {
  const { channels, height, width, classes } = manifest;
  const size = channels * height * width;
  if ((await listKeptSteps(run)).includes(step)) {
    const { set } = await readSynthetic(run, store, step);
    if (image >= set.shape[0]) throw noImage(image, set.shape[0]);
    const values = inStandardSpace(set, image, manifest);
    return { values, classIndex: Math.floor(image / set.ipc), isExact: true, step };
  }
  const preview = (await listPreviews(run)).findLast((each) => each.step <= step);
  if (preview === undefined) {
    throw new UserError(
      "no-preview",
      `The run "${run.record.id}" has no picture of step ${step}.`,
      "Choose a later step.",
    );
  }
  const ipc = Number((run.record.recipe as { ipc?: unknown } | null)?.ipc);
  if (!(image < ipc * classes.length)) throw noImage(image, ipc * classes.length);
  const grid = layPreview({ classes: classes.length, ipc, width, height });
  const [classIndex, index] = [Math.floor(image / ipc), image % ipc];
  if (index >= grid.columns) throw noImage(image, grid.columns * classes.length);
  const place = placeInPreview(grid, { width, height }, classIndex, index);
  const picture = sharp(join(run.path, PREVIEWS, preview.file)).toColourspace(channels === 1 ? "b-w" : "srgb");
  const bytes = await picture.extract({ left: place.x, top: place.y, width, height }).raw().toBuffer();
  const { mean, std } = normaliserOf(manifest);
  const perPixel = bytes.length / (height * width);
  const values = Float32Array.from({ length: size }, (_, i) => {
    const channel = Math.floor(i / (height * width));
    return (bytes[(i % (height * width)) * perPixel + channel] / 255 - mean[channel]) / std[channel];
  });
  return { values, classIndex, isExact: false, step: preview.step };
}

/** Real images are compared channel by channel, also with those of a whitened set. */
function inStandardSpace({ images, shape, normaliser }: DistilledSet, image: number, manifest: DatasetManifest) {
  const [, channels, height, width] = shape;
  const area = height * width;
  const own = images.subarray(image * channels * area, (image + 1) * channels * area);
  if (normaliser.kind === "standard") return own;
  const { mean, std } = normaliserOf(manifest);
  return Float32Array.from(denormalise(own, [1, channels, height, width], normaliser), (pixel, i) => {
    const channel = Math.floor(i / area);
    return (pixel - mean[channel]) / std[channel];
  });
}

const noImage = (image: number, count: number) =>
  new UserError("bad-request", `There is no image ${image} among ${count}.`, "Reload the page.");
