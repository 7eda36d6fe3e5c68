// From an encoded picture to packed pixels, by sharp on its own threads.
//
// What is decided here, for every import alike: EXIF rotation is applied; transparent pictures are laid on white, as a
// page would show them; padding is black, as torchvision pads; of an animation the first frame counts; 16 bits become 8;
// CMYK and embedded profiles become sRGB; grey of a colour picture is 0.299 R + 0.587 G + 0.114 B, rounded as Pillow's "L".

import { open } from "node:fs/promises";
import sharp, { type Sharp } from "sharp";
import type { Colour, Fit } from "../../../shared/data/manifest.ts";
import { explainConversion } from "./picture-names.ts";
import type { ImageContent } from "./readers/reader.ts";

/** Above this a picture is left out: 2^27 pixels are 400 MB of colour. */
const MAX_PIXELS = 2 ** 27;

const loaders = ["Jpeg", "Png", "Webp", "Nsgif", "Tiff", "Heif"];
const formats = new Set(["jpeg", "png", "webp", "gif", "tiff", "heif"]);
const sharpFits = { crop: "cover", pad: "contain", stretch: "fill" } as const satisfies Record<Fit, string>;

/** Limits libvips to the formats that are meant to be read (an SVG named .png would run scripts), and to bounded memory. */
export function configureDecoder(): void {
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: loaders.map((name) => `VipsForeignLoad${name}`) });
  sharp.cache(false);
  // Many small pictures at once use the cores better than many threads on one.
  sharp.concurrency(1);
}

/** What a header tells; width and height are after rotation. */
export interface PictureHeader {
  width: number;
  height: number;
  isGrey: boolean;
  hasAlpha: boolean;
  frames: number;
  isDeep: boolean;
  isCmyk: boolean;
}

export interface DecodeTarget {
  size: number;
  fit: Fit;
  colour: Colour;
}

/** Reads the header only. Throws an Error whose message is the reason why the picture cannot be used. */
export async function readPictureHeader(content: ImageContent): Promise<PictureHeader> {
  if (content.kind === "pixels") {
    const { width, height } = content;
    return { width, height, isGrey: true, hasAlpha: false, frames: 1, isDeep: false, isCmyk: false };
  }
  try {
    const found = await openPicture(content, "error").metadata();
    if (!formats.has(found.format)) throw new Error("unsupported image format");
    const { width, height } = found.autoOrient;
    if (width * height > MAX_PIXELS) throw new Error(`huge (${width} x ${height}); scale it down`);
    return {
      width,
      height,
      isGrey: found.space === "b-w" || found.space === "grey16",
      hasAlpha: found.hasAlpha,
      frames: found.pages ?? 1,
      isDeep: found.depth !== "uchar",
      isCmyk: found.space === "cmyk",
    };
  } catch (error) {
    throw await explainDecodeError(error, content);
  }
}

export interface DecodedPicture {
  /** [size][size][channels], as sharp gives them. */
  interleaved: Uint8Array;
  /** 1 or 3: what the picture has, not what is stored. */
  channels: number;
  /** What the decoder complains about in a picture that it can read all the same. */
  complaint?: string;
}

/** Decodes, rotates and fits one picture. Throws an Error whose message is the reason. */
export async function decodePicture(
  content: ImageContent,
  header: Pick<PictureHeader, "isGrey" | "hasAlpha">,
  target: DecodeTarget,
): Promise<DecodedPicture> {
  if (content.kind === "pixels" && content.height === target.size && content.width === target.size) {
    return { interleaved: content.bytes, channels: 1 };
  }
  try {
    return await render(openPicture(content, "warning"), header, target);
  } catch (strict) {
    // Stray bytes and odd metadata make the strict decoder refuse pictures that every viewer shows.
    const decoded = await render(openPicture(content, "error"), header, target).catch(async (error) => {
      throw await explainDecodeError(error, content);
    });
    return { ...decoded, complaint: lastLine(strict) };
  }
}

const SAMPLE_SIDE = 96;

/** A picture as it is, not larger than a sample: a PNG. */
export async function drawSample(
  content: ImageContent,
  { hasAlpha, isGrey }: Pick<PictureHeader, "isGrey" | "hasAlpha">,
) {
  let steps = openPicture(content, "error").autoOrient();
  if (hasAlpha) steps = steps.flatten({ background: "#ffffff" });
  return steps
    .resize(SAMPLE_SIDE, SAMPLE_SIDE, { fit: "inside", withoutEnlargement: true })
    .toColourspace(isGrey ? "b-w" : "srgb")
    .png()
    .toBuffer();
}

function openPicture(content: ImageContent, failOn: "warning" | "error"): Sharp {
  const options = { failOn, limitInputPixels: MAX_PIXELS };
  switch (content.kind) {
    case "file":
      return sharp(content.path, options);
    case "encoded":
      return sharp(content.bytes, options);
    case "pixels":
      return sharp(content.bytes, { raw: { width: content.width, height: content.height, channels: 1 } });
    default:
      return content satisfies never;
  }
}

async function render(
  picture: Sharp,
  header: Pick<PictureHeader, "isGrey" | "hasAlpha">,
  target: DecodeTarget,
): Promise<DecodedPicture> {
  let steps = picture.autoOrient();
  if (header.hasAlpha) steps = steps.flatten({ background: "#ffffff" });
  const { data, info } = await steps
    .resize(target.size, target.size, { fit: sharpFits[target.fit], background: "#000000" })
    .toColourspace(header.isGrey ? "b-w" : "srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { interleaved: data, channels: info.channels };
}

/** Planes of the wanted number, [channels][size][size]. Each call's result is overwritten by the next one's. */
export function createPacker({ size, colour }: DecodeTarget): (picture: DecodedPicture) => Uint8Array {
  const plane = size ** 2;
  const grey = new Uint8Array(colour === "grey" ? plane : 0);
  const planes = new Uint8Array(colour === "grey" ? 0 : 3 * plane);
  return ({ interleaved, channels }) => {
    if (colour === "grey") {
      if (channels === 1) return interleaved;
      for (let i = 0, from = 0; i < plane; i++, from += 3) {
        const [red, green, blue] = [interleaved[from], interleaved[from + 1], interleaved[from + 2]];
        grey[i] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
      }
      return grey;
    }
    if (channels === 1) {
      for (let c = 0; c < 3; c++) planes.set(interleaved, c * plane);
      return planes;
    }
    for (let i = 0, from = 0; i < plane; i++, from += 3) {
      planes[i] = interleaved[from];
      planes[plane + i] = interleaved[from + 1];
      planes[2 * plane + i] = interleaved[from + 2];
    }
    return planes;
  };
}

/** libvips keeps one list of errors for all threads: only the last line can be of this picture, and may be lost. */
function lastLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return (lines.at(-1) ?? "").replace(/^Input (buffer|file) has corrupt header: /i, "").trim() || "cannot be decoded";
}

async function explainDecodeError(error: unknown, content: ImageContent): Promise<Error> {
  const text = error instanceof Error ? error.message : String(error);
  if (/unsupported image format/i.test(text)) {
    const start = await readStart(content);
    if (start.startsWith("BM")) return new Error(explainConversion("BMP"));
    if (/<svg/i.test(start)) return new Error(explainConversion("SVG"));
    return new Error("its content is not a PNG, JPEG, WebP, GIF, TIFF or AVIF picture", { cause: error });
  }
  if (/exceeds pixel limit/i.test(text)) return new Error("huge; scale it down", { cause: error });
  if (/^huge/.test(text)) return error as Error;
  if (/^Input file is missing/i.test(text)) return new Error("cannot be opened", { cause: error });
  return new Error(`damaged: ${lastLine(error)}`, { cause: error });
}

/** The first bytes as text, to tell what a wrongly named file is. */
async function readStart(content: ImageContent): Promise<string> {
  const length = 256;
  if (content.kind !== "file") return Buffer.from(content.bytes.subarray(0, length)).toString("latin1");
  const file = await open(content.path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}
