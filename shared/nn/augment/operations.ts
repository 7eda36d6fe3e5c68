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

/** Each output pixel takes the pixel `source` of the image, or nothing where it lies outside, for which -1 stands. */
function nearestMap(height: number, width: number, source: (y: number, x: number) => number): PixelMap {
  const indices = new Int32Array(height * width * 4);
  const weights = new Float64Array(height * width * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = source(y, x);
      if (from < 0) continue;
      const at = (y * width + x) * 4;
      indices[at] = from;
      indices[at + 1] = from;
      indices[at + 2] = from;
      indices[at + 3] = from;
      weights[at] = 1;
    }
  }
  return { indices, weights };
}

/** (row, column) = (yy dy + yx dx, xy dy + xx dx), offsets from the centre. */
interface Turn {
  readonly yy: number;
  readonly yx: number;
  readonly xy: number;
  readonly xx: number;
}

/** Bilinear sampling at each pixel's own place under `turn`; neighbours outside the image count as zero. */
function bilinearMap(height: number, width: number, { yy, yx, xy, xx }: Turn): PixelMap {
  const indices = new Int32Array(height * width * 4);
  const weights = new Float64Array(height * width * 4);
  const [middleY, middleX] = [(height - 1) / 2, (width - 1) / 2];
  for (let y = 0; y < height; y++) {
    const dy = y - middleY;
    for (let x = 0; x < width; x++) {
      const dx = x - middleX;
      const row = middleY + (yx * dx + yy * dy);
      const column = middleX + (xx * dx + xy * dy);
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

/** Brightness, then saturation, then contrast: three affine maps in one, from the papers' uniform numbers. */
export function mapColour(brightness: number, saturation: number, contrast: number): Augmentation {
  const [factor, spread] = [2 * saturation, contrast + 0.5];
  // After brightness x + b; after saturation f x + (1 - f) m_c + b; the image mean of both is m + b.
  return {
    colour: { scale: spread * factor, channel: spread * (1 - factor), image: 1 - spread, shift: brightness - 0.5 },
  };
}

/** out[y, x] = in[y + ty, x + tx], zero outside. */
export function shiftBy(ty: number, tx: number, height: number, width: number): Augmentation {
  const isWithin = (at: number, side: number) => at >= 0 && at < side;
  const source = (y: number, x: number) =>
    isWithin(y + ty, height) && isWithin(x + tx, width) ? (y + ty) * width + x + tx : -1;
  return { map: nearestMap(height, width, source) };
}

/** A square of half the side around (row, column) set to zero; it may hang over the border. */
export function cutOut(row: number, column: number, height: number, width: number): Augmentation {
  const mask = new Float32Array(height * width).fill(1);
  const [rows, columns] = [
    [row, height],
    [column, width],
  ].map(([centre, side]) => {
    const length = cutoutLength(side);
    const from = centre - Math.floor(length / 2);
    return { from: Math.max(from, 0), to: Math.min(from + length, side) };
  });
  for (let y = rows.from; y < rows.to; y++) mask.fill(0, y * width + columns.from, y * width + columns.to);
  return { mask };
}

const cutoutLength = (side: number) => Math.floor(side * 0.5 + 0.5);

export function mirror(height: number, width: number): Augmentation {
  return { map: nearestMap(height, width, (y, x) => (y + 1) * width - 1 - x) };
}

/** Reads at (sx x, sy y) from the centre: a factor below one zooms in. */
export function zoom(sx: number, sy: number, height: number, width: number): Augmentation {
  return { map: bilinearMap(height, width, { yy: sy, yx: 0, xy: 0, xx: sx }) };
}

/** Reads at the offset from the centre turned by `angle` (radians). */
export function turn(angle: number, height: number, width: number): Augmentation {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { map: bilinearMap(height, width, { yy: cos, yx: sin, xy: -sin, xx: cos }) };
}

export const colour: Operation = {
  id: "color",
  draws: 3,
  sample: (u) => mapColour(u[0], u[1], u[2]),
};

/** Shifts by up to an eighth of the side. */
export const crop: Operation = {
  id: "crop",
  draws: 2,
  sample: (u, height, width) => {
    const [ty, tx] = [height, width].map((side, axis) => {
      const most = Math.floor(side * 0.125 + 0.5);
      return integerIn(u[axis], -most, most);
    });
    return shiftBy(ty, tx, height, width);
  },
};

/** The centre lies anywhere from 0 to the side, which is included where the square's length is even. */
export const cutout: Operation = {
  id: "cutout",
  draws: 2,
  sample: (u, height, width) => {
    const [row, column] = [height, width].map((side, axis) => integerIn(u[axis], 0, side - (cutoutLength(side) % 2)));
    return cutOut(row, column, height, width);
  },
};

/** Mirrors left and right, half of the time. */
export const flip: Operation = {
  id: "flip",
  draws: 1,
  sample: (u, height, width) => (u[0] < 0.5 ? mirror(height, width) : {}),
};

/** Zooms each axis by its own factor from 1/1.2 to 1.2. */
export const scale: Operation = {
  id: "scale",
  draws: 2,
  sample: (u, height, width) => {
    const [sx, sy] = [0, 1].map((axis) => 1 / 1.2 + u[axis] * (1.2 - 1 / 1.2));
    return zoom(sx, sy, height, width);
  },
};

/** Turns by up to 15 degrees. */
export const rotate: Operation = {
  id: "rotate",
  draws: 1,
  sample: (u, height, width) => turn(((u[0] - 0.5) * 2 * 15 * Math.PI) / 180, height, width),
};
