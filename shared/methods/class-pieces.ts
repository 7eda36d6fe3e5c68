// Synthetic images in pieces of whole classes, for methods that match classes apart: fewer go through the network at once.
import type { Value } from "../engine/index.ts";
import { initImages } from "./init-images.ts";
import type { MethodContext } from "./method.ts";

/** The labels of each piece, in order: at most `perPiece` of them, and at least one. */
export function cutClasses(classes: number, perPiece: number): number[][] {
  const size = Math.max(1, Math.min(classes, Math.floor(perPiece)));
  return Array.from({ length: Math.ceil(classes / size) }, (_, piece) =>
    Array.from({ length: Math.min(size, classes - piece * size) }, (_, at) => piece * size + at),
  );
}

/** Where the images of each piece begin, and their velocities, which are zero. */
export async function beginPieces(
  context: MethodContext,
  pieces: readonly (readonly number[])[],
): Promise<{ images: Value[]; velocities: Value[] }> {
  const { backend } = context.runtime;
  const starts = await Promise.all(pieces.map((labels) => initImages(context, labels[0], labels[0] + labels.length)));
  return {
    images: starts.map((start) => backend.upload(start)),
    velocities: starts.map(({ shape, data }) => backend.upload({ shape, data: new Float32Array(data.length) })),
  };
}
