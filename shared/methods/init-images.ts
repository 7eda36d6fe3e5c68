// Where synthetic images begin: real images of each class, or noise.
import { drawClass } from "../data/class-sampler.ts";
import type { HostArray } from "../engine/index.ts";
import { deriveKey, normal } from "../lib/random.ts";
import type { MethodContext } from "./method.ts";

/** `ipc` images of each class from `first` to `last` (not included), class-major: [classes * ipc, c, h, w]. */
export async function initImages(
  { real, ipc, init, key }: MethodContext,
  first: number,
  last: number,
): Promise<HostArray> {
  const data = new Float32Array((last - first) * ipc * real.pixels);
  for (let label = first; label < last; label++) {
    const own = deriveKey(key, "init", label);
    const images = init === "real" ? (await drawClass(real, label, ipc, own)).data : normal(own, ipc * real.pixels);
    data.set(images, (label - first) * ipc * real.pixels);
  }
  return { shape: [(last - first) * ipc, ...real.imageShape], data };
}
