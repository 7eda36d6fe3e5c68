// Where synthetic images begin: real images of each class, drawn or chosen before, noise, or an earlier set.
import { drawClass } from "../data/class-sampler.ts";
import type { HostArray } from "../engine/index.ts";
import { deriveKey, normal } from "../lib/random.ts";
import type { MethodContext } from "./method.ts";

/** `ipc` images of each class from `first` to `last` (not included), class-major: [classes * ipc, c, h, w]. */
export async function initImages(context: MethodContext, first: number, last: number): Promise<HostArray> {
  const { real, ipc } = context;
  const data = new Float32Array((last - first) * ipc * real.pixels);
  for (let label = first; label < last; label++) {
    data.set(await imagesOf(context, label), (label - first) * ipc * real.pixels);
  }
  return { shape: [(last - first) * ipc, ...real.imageShape], data };
}

async function imagesOf({ real, ipc, init, key }: MethodContext, label: number): Promise<ArrayLike<number>> {
  const own = deriveKey(key, "init", label);
  if (init === "real") return (await drawClass(real, label, ipc, own)).data;
  if (init === "noise") return normal(own, ipc * real.pixels);
  if (init.kind === "chosen") return (await real.images(init.indices[label].slice(0, ipc))).data;
  return init.images.data.subarray(label * ipc * real.pixels, (label + 1) * ipc * real.pixels);
}
