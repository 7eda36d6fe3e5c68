// The same pictures as folder, zip and IDX files give the same dataset.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDataset } from "../../../electron/host/datasets/index.ts";
import { countImages, listLabels } from "../../../shared/data/manifest.ts";
import { drawPixels, makeIdx, makeZip, toPicture, writeIdxPair, writeTree } from "../../tools/make-images.ts";
import { createBench, failureOf } from "./importing.ts";

const names = { train: "train", t10k: "test" } as const;

/** Digits 0..2, unequally many, in an order that is not by class. */
function drawDigits(split: keyof typeof names, count: number): { label: number; pixels: Uint8Array }[] {
  return Array.from({ length: count }, (_, i) => ({
    label: (i * i + i) % 3,
    pixels: drawPixels(`${split}${i}`, 8, 8, 1),
  })).map((each, i) => ({ ...each, label: i === 1 ? 1 : each.label }));
}

async function toPngTree(digits: Record<keyof typeof names, { label: number; pixels: Uint8Array }[]>) {
  const files: Record<string, Buffer> = {};
  for (const split of ["train", "t10k"] as const) {
    for (const [i, { label, pixels }] of digits[split].entries()) {
      // Counting down: another order of images than the IDX files have.
      const path = `${names[split]}/${label}/${String(99 - i)}.png`;
      files[path] = await toPicture(pixels, 8, 8, 1).png().toBuffer();
    }
  }
  return files;
}

test("folder, zip and IDX of the same pictures have equal fingerprints, whatever the order of files", async () => {
  await using bench = await createBench();
  const digits = { train: drawDigits("train", 12), t10k: drawDigits("t10k", 7) };
  const tree = await toPngTree(digits);
  const folder = await bench.import(await bench.write("folder", tree));
  const nested = Object.fromEntries(Object.entries(tree).map(([path, png]) => [`on-top/${path}`, png]));
  await writeFile(bench.at("digits.zip"), await makeZip(nested));
  const zip = await bench.import(bench.at("digits.zip"));
  await writeIdxPair(bench.at("plain"), "train", digits.train);
  await writeIdxPair(bench.at("plain"), "t10k", digits.t10k);
  await writeIdxPair(bench.at("packed"), "train", digits.train, { isPacked: true });
  await writeIdxPair(bench.at("packed"), "t10k", digits.t10k, { isPacked: true });
  const idx = await bench.import(bench.at("plain"));
  const byFile = await bench.import(join(bench.at("packed"), "train-images-idx3-ubyte.gz"));

  expect([zip, idx, byFile].map((each) => each.fingerprint)).toEqual(Array(3).fill(folder.fingerprint));
  expect(new Set([folder, zip, idx, byFile].map((each) => each.id)).size).toBe(1);
  expect(folder.source.format).toBe("image-folder");
  expect(folder.classes).toEqual([
    {
      name: "0",
      train: digits.train.filter((d) => d.label === 0).length,
      test: digits.t10k.filter((d) => d.label === 0).length,
    },
    { name: "1", train: 1, test: 1 },
    {
      name: "2",
      train: digits.train.filter((d) => d.label === 2).length,
      test: digits.t10k.filter((d) => d.label === 2).length,
    },
  ]);
  expect(folder).toMatchObject({ height: 8, width: 8, channels: 1, split: { kind: "folders" } });
  expect(folder.skipped).toEqual([]);
  expect(countImages(folder, "train")).toBe(12);
});

test("one changed pixel, another class name or another split change the fingerprint", async () => {
  await using bench = await createBench();
  const digits = { train: drawDigits("train", 9), t10k: drawDigits("t10k", 6) };
  const tree = await toPngTree(digits);
  const [first] = Object.keys(tree);
  const changedPixels = Uint8Array.from(digits.train[0].pixels, (value, i) => (i === 5 ? value ^ 1 : value));
  const variants = [
    tree,
    { ...tree, [first]: await toPicture(changedPixels, 8, 8, 1).png().toBuffer() },
    Object.fromEntries(Object.entries(tree).map(([path, png]) => [path.replace("/2/", "/two/"), png])),
    Object.fromEntries(Object.entries(tree).map(([path, png]) => [path.replace(/^train\/0\/99/, "test/0/1"), png])),
  ];
  const fingerprints = new Set<string>();
  for (const [i, variant] of variants.entries()) {
    fingerprints.add((await bench.import(await bench.write(`v${i}`, variant))).fingerprint);
  }
  expect(fingerprints.size).toBe(variants.length);
});

test("stored pixels are the pictures', class by class, and come in ranges and picks", async () => {
  await using bench = await createBench();
  const files: Record<string, Buffer> = {};
  // "B" < "a" < "é" < U+FF5E < U+1F600 by code point; by UTF-16 units the last two change places.
  const classes = ["B", "a", "\u00e9", "\uff5e", "\u{1f600}"];
  for (const name of [...classes].reverse()) {
    for (const split of ["train", "test"]) {
      for (const i of [1, 0]) {
        const path = `${split}/${name}/${i}.png`;
        files[path] = await toPicture(drawPixels(path, 6, 6, 3), 6, 6, 3)
          .png()
          .toBuffer();
      }
    }
  }
  const { manifest, readImages } = await openDataset(bench.store, await bench.write("set", files));
  expect(manifest.classes.map((each) => each.name)).toEqual(classes);
  expect([...listLabels(manifest, "train")]).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  const planes = (path: string) => {
    const pixels = drawPixels(path, 6, 6, 3);
    return [0, 1, 2].flatMap((c) => Array.from({ length: 36 }, (_, i) => pixels[3 * i + c]));
  };
  const expected = classes.flatMap((name) => [0, 1].map((i) => planes(`train/${name}/${i}.png`)));
  expect([...(await readImages("train", { from: 0, to: 10 }))]).toEqual(expected.flat());
  expect([...(await readImages("train", [9, 0, 9]))]).toEqual([...expected[9], ...expected[0], ...expected[9]]);
  await expect(readImages("train", [10])).rejects.toThrow(RangeError);
  await expect(readImages("test", { from: 0, to: 11 })).rejects.toThrow(RangeError);

  const train = expected.map((image) =>
    [0, 1, 2].map((c) => image.slice(36 * c, 36 * (c + 1)).map((value) => value / 255)),
  );
  for (const c of [0, 1, 2]) {
    const values = train.flatMap((image) => image[c]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(manifest.mean[c]).toBeCloseTo(mean, 12);
    expect(manifest.std[c]).toBeCloseTo(Math.sqrt(variance), 12);
  }
});

test("IDX files with a mistake say which and why", async () => {
  await using bench = await createBench();
  const digits = drawDigits("train", 6);
  const pixels = Buffer.concat(digits.map((each) => each.pixels));
  const images = makeIdx([6, 8, 8], pixels);
  const labels = makeIdx(
    [6],
    Uint8Array.from(digits, (each) => each.label),
  );
  const [imagesName, labelsName] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
  const cases = [
    { files: { [imagesName]: images }, code: "idx-incomplete", says: /lacks the labels of train-images/ },
    {
      files: { [imagesName]: images, [labelsName]: makeIdx([5], new Uint8Array(5)) },
      code: "idx-mismatch",
      says: /6 images.* 5 labels/,
    },
    {
      files: { [imagesName]: images.subarray(0, 300), [labelsName]: labels },
      code: "idx-damaged",
      says: /400 bytes and has 300 bytes/,
    },
    { files: { [imagesName]: labels, [labelsName]: labels }, code: "idx-damaged", says: /3 dimensions/ },
    { files: { [`${imagesName}.gz`]: images, [labelsName]: labels }, code: "idx-damaged", says: /not a gzip file/ },
    {
      files: { [imagesName]: images, [labelsName]: labels, [`other-${imagesName}`]: images },
      code: "idx-several",
      says: /several/,
    },
  ];
  for (const [i, { files, code, says }] of cases.entries()) {
    await writeTree(bench.at(`idx${i}`), files);
    const error = await failureOf(bench.import(bench.at(`idx${i}`)));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(says);
    expect(error.hint).not.toBe("");
  }
});
