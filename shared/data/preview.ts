// The picture of a distilled set: one row a class, one column an image, on grey.
import { layPreview, placeInPreview } from "../lib/preview-grid.ts";
import { type DistilledSet, type PixelSet, toPixels } from "./distilled-set.ts";

const GROUND = 128;

type Pixels = Pick<PixelSet, "pixels" | "width" | "height" | "channels">;

/** Images that do not fit on the largest picture are left out. `own` are the set's pixels, if not as people look at them. */
export function drawGrid(set: DistilledSet, own: Pixels = toPixels(set)): Pixels {
  const { pixels, width, height, channels } = own;
  const classes = set.classNames.length;
  const grid = layPreview({ classes, ipc: set.ipc, width, height });
  const out = new Uint8Array(grid.width * grid.height * channels).fill(GROUND);
  for (let classIndex = 0; classIndex < Math.min(classes, grid.rows * grid.blocks); classIndex++) {
    for (let index = 0; index < grid.columns; index++) {
      const image = classIndex * set.ipc + index;
      const place = placeInPreview(grid, { width, height }, classIndex, index);
      for (let y = 0; y < height; y++) {
        const from = (image * height + y) * width * channels;
        const to = ((place.y + y) * grid.width + place.x) * channels;
        out.set(pixels.subarray(from, from + width * channels), to);
      }
    }
  }
  return { pixels: out, width: grid.width, height: grid.height, channels };
}
