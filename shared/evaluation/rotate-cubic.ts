// Turns an image by cubic B-splines as scipy.ndimage.rotate does by default, and cuts its middle.

/** The pole of the cubic B-spline's inverse filter (Unser, IEEE Signal Processing Magazine 1999). */
const POLE = Math.sqrt(3) - 2;

/** Replaces `count` values from `at`, `stride` apart, by their spline's coefficients; beyond its ends the line is its mirror image. */
function filterLine(values: Float64Array, at: number, stride: number, count: number): void {
  if (count < 2) return;
  const last = POLE ** (count - 1);
  let first = values[at] + last * values[at + (count - 1) * stride];
  for (let i = 1; i < count - 1; i++) first += (POLE ** i + last ** 2 / POLE ** i) * values[at + i * stride];
  values[at] = first / (1 - last ** 2);
  for (let i = 1; i < count; i++) values[at + i * stride] += POLE * values[at + (i - 1) * stride];
  const end = at + (count - 1) * stride;
  values[end] = ((POLE * values[end - stride] + values[end]) * POLE) / (POLE ** 2 - 1);
  for (let i = count - 2; i >= 0; i--) {
    values[at + i * stride] = POLE * (values[at + (i + 1) * stride] - values[at + i * stride]);
  }
  for (let i = 0; i < count; i++) values[at + i * stride] *= 6;
}

/** The four weights of the coefficients around a place, from the one before it, `t` in [0, 1) beyond the second. */
const weightsAt = (t: number) => [
  (1 - t) ** 3 / 6,
  (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
  (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6,
  t ** 3 / 6,
];

const mirrored = (index: number, count: number) => {
  if (count === 1) return 0;
  const period = 2 * count - 2;
  const within = ((index % period) + period) % period;
  return within < count ? within : period - within;
};

/**
 * One channel turned by whole `degrees` around its centre, on a canvas that holds all of it, of which the middle is kept; `fill`
 * where the image does not reach. `pixels` [height * width].
 */
export function rotateCubic(
  { pixels, height, width }: { readonly pixels: Float32Array; readonly height: number; readonly width: number },
  degrees: number,
  fill: number,
): Float32Array {
  const coefficients = Float64Array.from(pixels);
  for (let y = 0; y < height; y++) filterLine(coefficients, y * width, 1, width);
  for (let x = 0; x < width; x++) filterLine(coefficients, x, width, height);
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const rows = Math.floor(Math.abs(cos) * height + Math.abs(sin) * width + 0.5);
  const columns = Math.floor(Math.abs(sin) * height + Math.abs(cos) * width + 0.5);
  const [top, left] = [Math.trunc((rows - height) / 2), Math.trunc((columns - width) / 2)];
  const out = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dy, dx] = [y + top - (rows - 1) / 2, x + left - (columns - 1) / 2];
      const row = cos * dy + sin * dx + (height - 1) / 2;
      const column = cos * dx - sin * dy + (width - 1) / 2;
      out[y * width + x] =
        row < 0 || row > height - 1 || column < 0 || column > width - 1
          ? fill
          : evaluate(coefficients, height, width, row, column);
    }
  }
  return out;
}

function evaluate(coefficients: Float64Array, height: number, width: number, row: number, column: number): number {
  const [y, x] = [Math.floor(row), Math.floor(column)];
  const [down, across] = [weightsAt(row - y), weightsAt(column - x)];
  let sum = 0;
  for (let i = 0; i < 4; i++) {
    const from = mirrored(y - 1 + i, height) * width;
    for (let j = 0; j < 4; j++) sum += down[i] * across[j] * coefficients[from + mirrored(x - 1 + j, width)];
  }
  return sum;
}
