// Stored pixels, [channels][height][width], as a canvas takes them.
interface Shape {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

export function toRgba(planes: Uint8Array, { width, height, channels }: Shape): Uint8ClampedArray<ArrayBuffer> {
  const plane = width * height;
  const rgba = new Uint8ClampedArray(4 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = planes[channels === 1 ? i : c * plane + i];
    rgba[4 * i + 3] = 255;
  }
  return rgba;
}
