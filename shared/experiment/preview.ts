// The picture of a distilled set: one row a class, one column an image, on grey.
import { type DistilledSet, toPixels } from "../data/distilled-set.ts";
import type { Picture } from "./ports.ts";

const GAP = 1;
const GROUND = 128;
const MAX_SIDE = 8192;

/** Images that do not fit on the largest picture are left out. */
export function drawGrid(set: DistilledSet): Picture {
  const { pixels, width, height, channels } = toPixels(set);
  const columns = Math.min(set.ipc, Math.floor((MAX_SIDE - GAP) / (width + GAP)));
  const rows = Math.min(set.classNames.length, Math.floor((MAX_SIDE - GAP) / (height + GAP)));
  const [fullWidth, fullHeight] = [columns * (width + GAP) + GAP, rows * (height + GAP) + GAP];
  const out = new Uint8Array(fullWidth * fullHeight * channels).fill(GROUND);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const image = row * set.ipc + column;
      for (let y = 0; y < height; y++) {
        const from = (image * height + y) * width * channels;
        const to = ((row * (height + GAP) + GAP + y) * fullWidth + column * (width + GAP) + GAP) * channels;
        out.set(pixels.subarray(from, from + width * channels), to);
      }
    }
  }
  return { pixels: out, width: fullWidth, height: fullHeight, channels };
}
