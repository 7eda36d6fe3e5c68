// Augmentations as golden files hold them.
import type { Augmentation } from "../../shared/nn/augment/draw.ts";
import { cutOut, mapColour, mirror, shiftBy, turn, zoom } from "../../shared/nn/augment/operations.ts";
import type { Golden } from "./golden.ts";

/** The augmentations that a golden file's parameters describe, one for each row. */
export function buildAugmentations(
  golden: Golden,
  prefix: string,
  operation: string,
  height: number,
  width: number,
): Augmentation[] {
  const rows = (name: string): number[][] => {
    const { shape, data } = golden.get(`${prefix}.${name}`);
    const size = shape.length > 1 ? shape[1] : 1;
    return Array.from({ length: shape[0] }, (_, row) => [...data.slice(row * size, (row + 1) * size)]);
  };
  switch (operation) {
    // A factor of one half about each mean leaves an image alone; so does a shift of one half.
    case "brightness":
      return rows("u").map(([u]) => mapColour(u, 0.5, 0.5));
    case "saturation":
      return rows("u").map(([u]) => mapColour(0.5, u, 0.5));
    case "contrast":
      return rows("u").map(([u]) => mapColour(0.5, 0.5, u));
    case "color": {
      const [saturation, contrast] = [rows("saturation"), rows("contrast")];
      return rows("brightness").map(([u], row) => mapColour(u, saturation[row][0], contrast[row][0]));
    }
    case "crop":
      return rows("shift").map(([ty, tx]) => shiftBy(ty, tx, height, width));
    case "cutout":
      return rows("centre").map(([row, column]) => cutOut(row, column, height, width));
    case "flip":
      return rows("flag").map(([flag]) => (flag === 1 ? mirror(height, width) : {}));
    case "scale":
      return rows("factor").map(([sx, sy]) => zoom(sx, sy, height, width));
    case "rotate":
      return rows("angle").map(([angle]) => turn(angle, height, width));
    default:
      throw new Error(`no operation ${operation}`);
  }
}
