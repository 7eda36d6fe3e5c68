// Raw 8-bit pixels as a PNG.

import sharp from "sharp";
import { invariant } from "../../shared/lib/invariant.ts";

export type RawImage = {
  /** 0..255, [height][width][channels]. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
};

/** A lossless PNG, grey or RGB; the same pixels give the same bytes. */
export async function encodePng({ pixels, width, height, channels }: RawImage): Promise<Buffer> {
  const values = width * height * channels;
  invariant(pixels.length === values, `${width} x ${height} x ${channels} is not ${pixels.length} values`);
  let image = sharp(pixels, { raw: { width, height, channels } });
  if (channels === 1) image = image.toColourspace("b-w"); // sharp writes RGB otherwise
  return image.png({ compressionLevel: 9, palette: false }).toBuffer();
}
