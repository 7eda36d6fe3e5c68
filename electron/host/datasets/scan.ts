// The first pass over a source: headers only, to find what cannot be read and what to suggest.

import type { Problem } from "../../../shared/data/manifest.ts";
import { type PictureHeader, readPictureHeader } from "./decode.ts";
import { mapInOrder } from "./ordered.ts";
import type { Source, SourceImage } from "./readers/reader.ts";

export interface ScannedImage {
  readonly image: SourceImage;
  readonly width: number;
  readonly height: number;
  readonly isGrey: boolean;
  readonly hasAlpha: boolean;
}

export interface Scan {
  images: ScannedImage[];
  skipped: Problem[];
  warnings: Problem[];
}

/** A side below this carries next to nothing; worth a look. */
const TINY_SIDE = 4;

export async function scanImages(
  source: Source,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<Scan> {
  const out: Scan = { images: [], skipped: [], warnings: [] };
  const readHeader = async (image: SourceImage): Promise<PictureHeader | Error> => {
    if (image.bytes === 0) return new Error("empty (zero bytes)");
    try {
      return await readPictureHeader(await source.read(image));
    } catch (error) {
      return error as Error;
    }
  };
  let done = 0;
  const bounds = { maxItems: 32, weigh: (image: SourceImage) => image.bytes, maxWeight: 64e6, signal };
  for await (const [image, header] of mapInOrder(source.images, readHeader, bounds)) {
    onProgress(++done);
    if (header instanceof Error) {
      out.skipped.push({ path: image.path, reason: header.message });
      continue;
    }
    const { width, height, isGrey, hasAlpha } = header;
    out.images.push({ image, width, height, isGrey, hasAlpha });
    const remark = describeOddity(header);
    if (remark) out.warnings.push({ path: image.path, reason: remark });
  }
  return out;
}

function describeOddity({ width, height, frames, isDeep, isCmyk }: PictureHeader): string | undefined {
  const remarks: string[] = [];
  if (frames > 1) remarks.push(`has ${frames} frames or pages; the first is used`);
  if (isDeep) remarks.push("has more than 8 bits per channel; reduced to 8");
  if (isCmyk) remarks.push("is CMYK; converted to sRGB");
  if (Math.min(width, height) < TINY_SIDE) remarks.push(`is tiny (${width} x ${height})`);
  return remarks.length > 0 ? remarks.join("; ") : undefined;
}
