// A part of the training images that a distillation never sees, drawn from each class: what its steps are judged on.
import { deriveKey, type Key, sampleWithout } from "../lib/random.ts";
import { ImageSet, type ImageSource } from "./image-set.ts";

/** How many of a class's images are held out. */
export const countHeldOut = (images: number, fraction: number): number => Math.floor(images * fraction);

/** The rest of a set, and what is held out of each class. Equal keys hold out the same images. */
export function holdOut(set: ImageSet, fraction: number, key: Key): { kept: ImageSet; heldOut: ImageSet } {
  const isHeldOut = new Uint8Array(set.size);
  for (const [label, count] of set.source.counts.entries()) {
    const drawn = sampleWithout(deriveKey(key, label), countHeldOut(count, fraction), count);
    for (const at of drawn) isHeldOut[set.starts[label] + at] = 1;
  }
  const part = (wanted: 0 | 1) => new ImageSet(partOf(set, (index) => isHeldOut[index] === wanted));
  return { kept: part(0), heldOut: part(1) };
}

/** The images of a set that are wanted, in their order. */
function partOf({ source, size, starts, pixels }: ImageSet, isWanted: (index: number) => boolean): ImageSource {
  const indices = Int32Array.from({ length: size }, (_, index) => index).filter(isWanted);
  const counts = source.counts.map((_, label) => {
    const inClass = (index: number) => index >= starts[label] && index < starts[label + 1];
    return indices.reduce((sum, index) => sum + Number(inClass(index)), 0);
  });
  const read = async (from: number, to: number) => {
    const bytes = new Uint8Array((to - from) * pixels);
    if (to <= from) return bytes;
    const first = indices[from];
    const all = await source.read(first, indices[to - 1] + 1);
    for (let at = from; at < to; at++) {
      const start = (indices[at] - first) * pixels;
      bytes.set(all.subarray(start, start + pixels), (at - from) * pixels);
    }
    return bytes;
  };
  return { ...source, counts, read };
}
