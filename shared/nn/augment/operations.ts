// The operations of differentiable siamese augmentation (Zhao & Bilen, ICML 2021), each drawn from uniform numbers.
// Every one is affine in the pixels: a map over pixels, a colour map, or a mask.
import type { Augmentation, PixelMap } from "./draw.ts";

export interface Operation {
  readonly id: string;
  /** How many uniform numbers one draw takes. */
  readonly draws: number;
  /** The parameters from numbers in [0, 1), for images of `height` x `width`. */
  readonly sample: (u: ArrayLike<number>, height: number, width: number) => Augmentation;
}

/** An integer from `low` to `high`, both included. */
const integerIn = (u: number, low: number, high: number) =>
  low + Math.min(Math.floor(u * (high - low + 1)), high - low);

/** Each output pixel takes one pixel or nothing: `source` gives row and column, or null outside the image. */
function nearestMap(
  height: number,
  width: number,
  source: (y: number, x: number) => readonly [number, number] | null,
): PixelMap {
  const indices = new Int32Array(height * width * 4);
  const weights = new Float32Array(height * width * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = source(y, x);
      if (!from || from[0] < 0 || from[0] >= height || from[1] < 0 || from[1] >= width) continue;
      const at = (y * width + x) * 4;
      indices.fill(from[0] * width + from[1], at, at + 4);
      weights[at] = 1;
    }
  }
  return { indices, weights };
}

/** Bilinear sampling: `source` gives row and column offsets from the centre; neighbours outside the image count as zero. */
function bilinearMap(
  height: number,
  width: number,
  source: (dy: number, dx: number) => readonly [number, number],
): PixelMap {
  const indices = new Int32Array(height * width * 4);
  const weights = new Float32Array(height * width * 4);
  const [middleY, middleX] = [(height - 1) / 2, (width - 1) / 2];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dy, dx] = source(y - middleY, x - middleX);
      const [row, column] = [middleY + dy, middleX + dx];
      const [top, left] = [Math.floor(row), Math.floor(column)];
      for (let tap = 0; tap < 4; tap++) {
        const [ny, nx] = [top + (tap >> 1), left + (tap & 1)];
        if (ny < 0 || ny >= height || nx < 0 || nx >= width) continue;
        const at = (y * width + x) * 4 + tap;
        indices[at] = ny * width + nx;
        weights[at] = (1 - Math.abs(row - ny)) * (1 - Math.abs(column - nx));
      }
    }
  }
  return { indices, weights };
}

/** Brightness, then saturation, then contrast: three affine maps in one. */
export const colour: Operation = {
  id: "color",
  draws: 3,
  sample: (u) => {
    const shift = u[0] - 0.5;
    const saturation = 2 * u[1];
    const contrast = u[2] + 0.5;
    // After brightness x + b; after saturation s x + (1 - s) m_c + b; its image mean is m + b.
    return {
      colour: {
        scale: contrast * saturation,
        channel: contrast * (1 - saturation),
        image: 1 - contrast,
        shift,
      },
    };
  },
};

/** Shifts by up to an eighth of the side, zeros outside. */
export const crop: Operation = {
  id: "crop",
  draws: 2,
  sample: (u, height, width) => {
    const reach = [height, width].map((side) => Math.floor(side * 0.125 + 0.5));
    const [ty, tx] = reach.map((most, axis) => integerIn(u[axis], -most, most));
    return { map: nearestMap(height, width, (y, x) => [y + ty, x + tx]) };
  },
};

/** A square of half the side set to zero; it may hang over the border. */
export const cutout: Operation = {
  id: "cutout",
  draws: 2,
  sample: (u, height, width) => {
    const [rows, columns] = [height, width].map((side, axis) => {
      const length = Math.floor(side * 0.5 + 0.5);
      const centre = integerIn(u[axis], 0, side - (length % 2));
      const from = centre - Math.floor(length / 2);
      return [from, from + length - 1];
    });
    const mask = new Float32Array(height * width).fill(1);
    // The papers' code clamps the indices of rows and columns, so that what hangs over still darkens the border.
    for (let row = rows[0]; row <= rows[1]; row++) {
      for (let column = columns[0]; column <= columns[1]; column++) {
        const y = Math.min(Math.max(row, 0), height - 1);
        const x = Math.min(Math.max(column, 0), width - 1);
        mask[y * width + x] = 0;
      }
    }
    return { mask };
  },
};

/** Mirrors left and right, half of the time. */
export const flip: Operation = {
  id: "flip",
  draws: 1,
  sample: (u, height, width) => (u[0] < 0.5 ? { map: nearestMap(height, width, (y, x) => [y, width - 1 - x]) } : {}),
};

/** Zooms each axis by its own factor in 1/1.2 to 1.2. */
export const scale: Operation = {
  id: "scale",
  draws: 2,
  sample: (u, height, width) => {
    const [sx, sy] = [0, 1].map((axis) => 1 / 1.2 + u[axis] * (1.2 - 1 / 1.2));
    return { map: bilinearMap(height, width, (dy, dx) => [sy * dy, sx * dx]) };
  },
};

/** Turns by up to 15 degrees. */
export const rotate: Operation = {
  id: "rotate",
  draws: 1,
  sample: (u, height, width) => {
    const angle = ((u[0] - 0.5) * 2 * 15 * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return { map: bilinearMap(height, width, (dy, dx) => [sin * dx + cos * dy, cos * dx - sin * dy]) };
  },
};
