// What a whitening artifact is: its spec, the names of its chunks, and its transform read back. Known without the engine, since the
// host shows the images of a checkpoint with it.
import type { SplitName } from "../data/manifest.ts";
import { ZCA_EPSILON, type ZcaNormaliser } from "../data/normaliser.ts";
import { viewFloats } from "../formats/index.ts";
import { UserError } from "../lib/user-error.ts";
import { type Artifact, type ArtifactSpec, type ArtifactStore, artifactId, damagedArtifact } from "./artifacts.ts";

/** One for each set of training images; `heldOut` is the part of each class that is not among them. */
export function whiteningSpec(fingerprint: string, heldOut: number): ArtifactSpec {
  return { kind: "whitening", version: 1, fingerprint, epsilon: ZCA_EPSILON, ...(heldOut > 0 && { heldOut }) };
}

/** In the order of writing, float32: [D], [D][D], [D][D]. Whitened images follow. */
export const transformChunks = ["mean", "transform", "inverse"] as const;

/** What is whitened of a dataset: training images are split where some are held out. */
export type WhitenedPart = SplitName | "validation";

/** Float32 images, `index` counting the chunks of their part. */
export const imageChunk = (split: WhitenedPart, index: number) => `${split}-${String(index).padStart(5, "0")}`;

/** `size` values of a chunk. Throws UserError "artifact-damaged", also where they are not so many. */
export async function readFloats(read: Artifact["read"], chunk: string, size: number): Promise<Float32Array> {
  const bytes = await read(chunk);
  if (bytes.length === 4 * size) return viewFloats(bytes);
  throw damagedArtifact(`The whitening's part ${chunk} has ${bytes.length} bytes, and ${4 * size} belong there.`);
}

/** Of images of `size` values. Throws UserError "artifact-damaged". */
export async function readTransform(read: Artifact["read"], size: number): Promise<ZcaNormaliser> {
  return {
    kind: "zca",
    mean: await readFloats(read, "mean", size),
    transform: await readFloats(read, "transform", size * size),
    inverse: await readFloats(read, "inverse", size * size),
  };
}

/** The transform of a dataset, without what is held out, whose images have `size` values. Throws UserErrors "no-whitening" and "artifact-damaged". */
export async function openTransform(
  artifacts: Pick<ArtifactStore, "open">,
  { fingerprint, heldOut, size }: { readonly fingerprint: string; readonly heldOut: number; readonly size: number },
): Promise<ZcaNormaliser> {
  const artifact = await artifacts.open(await artifactId(whiteningSpec(fingerprint, heldOut)));
  if (artifact) return readTransform((chunk) => artifact.read(chunk), size);
  throw new UserError(
    "no-whitening",
    "The whitening that these images were distilled with is not in the store any more.",
    "Resume a run that needs it: it is made again.",
  );
}
