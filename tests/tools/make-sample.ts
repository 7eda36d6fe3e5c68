// Makes assets/fashion-mnist-sample.zip from Fashion-MNIST's four IDX files: `node tests/tools/make-sample.ts FOLDER`.
// The first 300 training and 100 test pictures of each class, as PNG in folders named after the classes.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import sharp from "sharp";

const SIDE = 28;
const names = [
  "T-shirt_top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle_boot",
];

const folder = process.argv[2];
if (!folder) throw new Error("Name the folder that holds train-images-idx3-ubyte.gz and the other three.");
const zip = new ZipWriter(new Uint8ArrayWriter());
for (const [split, prefix, count] of [
  ["train", "train", 300],
  ["test", "t10k", 100],
] as const) {
  const pixels = gunzipSync(await readFile(join(folder, `${prefix}-images-idx3-ubyte.gz`))).subarray(16);
  const labels = gunzipSync(await readFile(join(folder, `${prefix}-labels-idx1-ubyte.gz`))).subarray(8);
  const taken = names.map(() => 0);
  for (const [index, label] of labels.entries()) {
    if (taken[label]++ >= count) continue;
    const raw = { width: SIDE, height: SIDE, channels: 1 as const };
    const png = await sharp(pixels.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE), { raw })
      .toColourspace("b-w")
      .png({ compressionLevel: 9 })
      .toBuffer();
    const name = `${split}/${names[label]}/${String(index).padStart(5, "0")}.png`;
    await zip.add(name, new Uint8ArrayReader(png), {
      level: 0,
      lastModDate: new Date(2020, 0, 1),
      extendedTimestamp: false,
    });
  }
}
await writeFile(new URL("../../assets/fashion-mnist-sample.zip", import.meta.url), await zip.close());
