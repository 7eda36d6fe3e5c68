// What is decoded of every sort of picture, beside pixels computed here.

import sharp from "sharp";
import { expect, test } from "vitest";
import { createPacker, decodePicture, readPictureHeader } from "../../../electron/host/datasets/decode.ts";
import type { Colour, Fit } from "../../../shared/data/manifest.ts";
import { drawPixels, toPicture } from "../../tools/make-images.ts";

async function decode(bytes: Uint8Array, size: number, colour: Colour, fit: Fit = "crop"): Promise<number[]> {
  const content = { kind: "encoded", bytes } as const;
  const target = { size, fit, colour };
  return [...createPacker(target)(await decodePicture(content, await readPictureHeader(content), target))];
}

/** A 2 x 2 picture of one value per pixel in all three channels. */
function quad(a: number, b: number, c: number, d: number) {
  return sharp(Uint8Array.from([a, a, a, b, b, b, c, c, c, d, d, d]), { raw: { width: 2, height: 2, channels: 3 } });
}

// Where the stored pixels 1 2 / 3 4 stand once the picture is upright.
test.each([
  [1, [1, 2, 3, 4]],
  [2, [2, 1, 4, 3]],
  [3, [4, 3, 2, 1]],
  [4, [3, 4, 1, 2]],
  [5, [1, 3, 2, 4]],
  [6, [3, 1, 4, 2]],
  [7, [4, 2, 3, 1]],
  [8, [2, 4, 1, 3]],
])("EXIF orientation %i is applied", async (orientation, expected) => {
  const png = await quad(10, 20, 30, 40).withMetadata({ orientation }).png().toBuffer();
  expect(await decode(png, 2, "grey")).toEqual(expected.map((each) => 10 * each));
});

test("a rotated picture's size is that of the upright one", async () => {
  const bytes = await toPicture(drawPixels("r", 4, 9, 3), 4, 9, 3)
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  expect(await readPictureHeader({ kind: "encoded", bytes })).toMatchObject({ width: 4, height: 9 });
});

test("grey, palette and 16-bit pictures keep their values", async () => {
  const pixels = drawPixels("g", 4, 4, 1);
  const grey = await toPicture(pixels, 4, 4, 1).png().toBuffer();
  expect(await decode(grey, 4, "grey")).toEqual([...pixels]);
  expect(await decode(grey, 4, "colour")).toEqual([...pixels, ...pixels, ...pixels]);

  const palette = await quad(0, 255, 255, 0).png({ palette: true, colours: 2 }).toBuffer();
  expect(await decode(palette, 2, "colour")).toEqual([0, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255, 0]);

  const deep = Uint16Array.from(pixels, (value) => value * 257);
  const raw = { width: 4, height: 4, channels: 1 } as const;
  const bytes = await sharp(deep, { raw }).toColourspace("grey16").png().toBuffer();
  expect(await readPictureHeader({ kind: "encoded", bytes })).toMatchObject({ isDeep: true, isGrey: true });
  expect(await decode(bytes, 4, "grey")).toEqual([...pixels]);
});

test("grey of colour is Pillow's L", async () => {
  const pixels = drawPixels("c", 8, 8, 3);
  const png = await toPicture(pixels, 8, 8, 3).png().toBuffer();
  const expected = Array.from({ length: 64 }, (_, i) =>
    Math.floor((pixels[3 * i] * 19595 + pixels[3 * i + 1] * 38470 + pixels[3 * i + 2] * 7471 + 32768) / 65536),
  );
  expect(await decode(png, 8, "grey")).toEqual(expected);
});

test("transparency is laid on white, and padding is black all the same", async () => {
  const rgba = Uint8Array.from([200, 0, 0, 255, 200, 0, 0, 0, 0, 0, 100, 51, 9, 9, 9, 0]);
  const png = await sharp(rgba, { raw: { width: 2, height: 2, channels: 4 } })
    .png()
    .toBuffer();
  expect(await decode(png, 2, "colour")).toEqual([200, 255, 204, 255, 0, 255, 204, 255, 0, 255, 224, 255]);
  const clear = await sharp(new Uint8Array(8), { raw: { width: 2, height: 1, channels: 4 } })
    .png()
    .toBuffer();
  expect(await decode(clear, 2, "grey", "pad")).toEqual([255, 255, 0, 0]);
});

test("CMYK becomes sRGB", async () => {
  const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#ff0000" } })
    .toColourspace("cmyk")
    .jpeg()
    .toBuffer();
  expect(await readPictureHeader({ kind: "encoded", bytes })).toMatchObject({ isCmyk: true });
  const pixels = await decode(bytes, 8, "colour");
  expect(pixels).toHaveLength(192);
  expect(pixels[0]).toBeGreaterThan(180);
  expect(pixels[64]).toBeLessThan(60);
});

test("crop keeps the middle, pad adds black, stretch keeps all", async () => {
  // Columns of 0, 90, 90, 0.
  const values = [0, 90, 90, 0, 0, 90, 90, 0];
  const png = await sharp(Uint8Array.from(values), { raw: { width: 4, height: 2, channels: 1 } })
    .png()
    .toBuffer();
  expect(await decode(png, 2, "grey", "crop")).toEqual([90, 90, 90, 90]);
  const padded = await decode(png, 4, "grey", "pad");
  expect(padded).toEqual([0, 0, 0, 0, ...values, 0, 0, 0, 0]);
  const stretched = await decode(png, 2, "grey", "stretch");
  for (const value of stretched) expect(value).toBeGreaterThan(20);
  for (const value of stretched) expect(value).toBeLessThan(70);
});

test("a complaint of the decoder about a readable picture is passed on", async () => {
  const jpeg = await toPicture(drawPixels("j", 32, 32, 3), 32, 32, 3)
    .jpeg()
    .toBuffer();
  // Stray bytes after the first header segment: viewers show such files.
  const end = 4 + jpeg.readUInt16BE(4);
  const bytes = Buffer.concat([jpeg.subarray(0, end), Buffer.from([1, 2, 3, 4]), jpeg.subarray(end)]);
  const content = { kind: "encoded", bytes } as const;
  const target = { size: 32, fit: "crop", colour: "colour" } as const;
  const decoded = await decodePicture(content, await readPictureHeader(content), target);
  const [pixels, { complaint }] = [createPacker(target)(decoded), decoded];
  expect(complaint).toMatch(/extraneous/i);
  expect([...pixels]).toEqual(await decode(jpeg, 32, "colour"));
});
