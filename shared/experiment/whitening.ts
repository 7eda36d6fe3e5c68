// The whitening that a recipe asks for: fitted once for a dataset, on the training images that are not held out, kept with all its
// images whitened, and shared by every run.
import { ImageSet } from "../data/image-set.ts";
import type { SetNormaliser, ZcaNormaliser } from "../data/normaliser.ts";
import { fitZca, type PixelRows, ROWS, Whitener } from "../data/zca.ts";
import type { Runtime } from "../engine/index.ts";
import { bytesOf } from "../formats/index.ts";
import { invariant } from "../lib/invariant.ts";
import type { Artifact } from "./artifacts.ts";
import type { Preparation, Prepare } from "./prepare.ts";
import {
  imageChunk,
  readFloats,
  readTransform,
  transformChunks,
  type WhitenedPart,
  whiteningSpec,
} from "./whitening-artifact.ts";

const CHUNK_BYTES = 2 ** 23;
/** Methods read the classes in turn, so that a cache which is a little too small for all images would be of no use. */
const CACHE_BYTES = 2 ** 30;
/** Iterations that a fit takes, about. */
const USUAL_ITERATIONS = 16;

export const prepareWhitening: Prepare = ({ recipe, fingerprint, runtime }, { train, validation, test }) => {
  // Images of an evaluation are whitened already, by the transform of the set that is evaluated.
  if (recipe.dataset.normalise !== "zca" || train.source.normaliser.kind === "zca") return undefined;
  const heldOut = recipe.evaluation.validation;
  const parts: readonly (readonly [WhitenedPart, ImageSet])[] = [
    ["train", train],
    ...(validation ? [["validation", validation] as const] : []),
    ["test", test],
  ];
  const size = train.pixels;
  const atOnce = Math.max(1, Math.floor(CHUNK_BYTES / (4 * size)));
  const chunks = parts.flatMap(([part, set]) => listChunks(part, set, atOnce));
  const images = parts.reduce((sum, [, set]) => sum + set.size, 0);
  return {
    title: "ZCA whitening",
    spec: whiteningSpec(fingerprint, heldOut),
    steps: transformChunks.length + chunks.length,
    bytes: 4 * (size + 2 * size * size + images * size),
    make: async ({ chunks: found, read, write }, signal) => {
      const has = new Set(found.map(({ name }) => name));
      if (transformChunks.some((name) => !has.has(name))) {
        const { normaliser, iterations, residual } = await fitZca(runtime, rowsOf(train), signal);
        for (const name of transformChunks) {
          if (has.has(name)) continue;
          await write(name, bytesOf(normaliser[name]), name === "mean" ? {} : { iterations, residual });
        }
      }
      const whitener = new Whitener(runtime, await readTransform(read, size));
      try {
        for (const { name, set, from, to } of chunks) {
          if (has.has(name)) continue;
          signal.throwIfAborted();
          await write(name, bytesOf(await whitener.whiten(await rowsOf(set).read(from, to))), {});
        }
      } finally {
        whitener.free();
      }
      return { dimensions: size, ...Object.fromEntries(parts.map(([part, set]) => [part, set.size])) };
    },
    open: async (artifact) => {
      const normaliser = await readTransform((chunk) => artifact.read(chunk), size);
      const whitened = parts.map(([part, set]) => [part, openSet(set, part, normaliser, artifact, atOnce)] as const);
      return Object.fromEntries(whitened) as Partial<Record<WhitenedPart, ImageSet>>;
    },
    // They have the same form, and nothing looks at their numbers.
    blank: () => ({}),
    rehearse: (clock) => rehearse(runtime, { size, images: train.size, chunks: chunks.length, atOnce }, clock),
  } satisfies Preparation;
};

function listChunks(part: WhitenedPart, set: ImageSet, atOnce: number) {
  return Array.from({ length: Math.ceil(set.size / atOnce) }, (_, index) => {
    const from = index * atOnce;
    return { name: imageChunk(part, index), set, from, to: Math.min(set.size, from + atOnce) };
  });
}

/** The pixels of a set that is not whitened. */
function rowsOf({ source, size, pixels }: ImageSet): PixelRows {
  return {
    size,
    pixels,
    read: async (from, to) => {
      const images = await source.read(from, to);
      invariant(images instanceof Uint8Array, "whitening begins with pixels");
      return images;
    },
  };
}

/** The same images, read from the artifact. */
function openSet(plain: ImageSet, part: WhitenedPart, normaliser: SetNormaliser, artifact: Artifact, atOnce: number) {
  const read = (from: number, to: number) =>
    readFloats((chunk) => artifact.read(chunk), imageChunk(part, from / atOnce), (to - from) * plain.pixels);
  return new ImageSet({ ...plain.source, normaliser, blockImages: atOnce, read }, CACHE_BYTES);
}

/** The same images under a transform that is there already, such as that of a distilled set; whitened when they are read. */
export function whitenSet(plain: ImageSet, normaliser: ZcaNormaliser, whitener: Whitener): ImageSet {
  const { read } = rowsOf(plain);
  const source = {
    ...plain.source,
    normaliser,
    read: async (from: number, to: number) => whitener.whiten(await read(from, to)),
  };
  return new ImageSet(source, CACHE_BYTES);
}

interface WhiteningSize {
  readonly size: number;
  readonly images: number;
  readonly chunks: number;
  readonly atOnce: number;
}

/** A small fit and one chunk, of images that are all black; the rest of a fit by its operations. */
async function rehearse(runtime: Runtime, { size, images, chunks, atOnce }: WhiteningSize, clock: () => number) {
  const blank: PixelRows = {
    size: Math.min(images, ROWS),
    pixels: size,
    read: async (from, to) => new Uint8Array((to - from) * size),
  };
  const start = clock();
  const { normaliser, iterations } = await fitZca(runtime, blank, new AbortController().signal);
  const between = clock();
  const whitener = new Whitener(runtime, normaliser);
  await whitener.whiten(await blank.read(0, Math.min(images, atOnce)));
  whitener.free();
  // A product of images with themselves, and three products of matrices an iteration.
  const operations = (rows: number, steps: number) => size * size * (rows + 3 * size * steps);
  const ratio = operations(images, USUAL_ITERATIONS) / operations(blank.size, iterations);
  return ((between - start) * ratio + (clock() - between) * chunks) / 1000;
}
