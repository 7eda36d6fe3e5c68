// Every sort of bad input: listed with its path and reason, never stopping the rest, or refused with the way out.

import { execFileSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { inspectDataset } from "../../../electron/host/datasets/index.ts";
import {
  drawPixels,
  drawPng,
  drawTree,
  makeZip,
  snapshotFolder,
  toPicture,
  writeTree,
} from "../../tools/make-images.ts";
import { createBench, failureOf, reasonFor } from "./importing.ts";

test("each bad file of a folder is listed with its reason, and the rest is imported", async () => {
  await using bench = await createBench();
  const jpeg = await toPicture(drawPixels("j", 40, 40, 3), 40, 40, 3)
    .jpeg()
    .toBuffer();
  const frames = await sharp([await drawPng("f0"), await drawPng("f1")], { join: { animated: true } })
    .gif()
    .toBuffer();
  const wide = await sharp({ create: { width: 16383, height: 8200, channels: 3, background: "#000" } })
    .png()
    .toBuffer();
  const good = await drawTree({ 'it\'s a "cat" \u{1f408}': 3, dog: 3 });
  const root = await bench.write("set", {
    ...good,
    "dog/empty.png": "",
    "dog/text.png": "this is no picture",
    "dog/cut.jpg": jpeg.subarray(0, jpeg.length / 2),
    "dog/header.jpg": jpeg.subarray(0, 120),
    "dog/noise.jpg": drawPixels("noise", 30, 30, 1),
    "dog/bitmap.png": Buffer.concat([Buffer.from("BM"), Buffer.alloc(60)]),
    "dog/drawing.png": '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>',
    "dog/real.bmp": "BM",
    "dog/huge.png": wide,
    "dog/moving.gif": frames,
    "dog/tiny.png": await drawPng("tiny", 2, 2),
    "dog/brackets[1,2].png": await drawPng("brackets"),
    "dog/again.png": good["dog/00000.png"],
    "rare/one.png": await drawPng("rare"),
    "rare/.DS_Store": "x",
    "loose.png": await drawPng("loose"),
    "readme.txt": "hello",
    "Thumbs.db": "x",
  });
  await mkdir(join(root, "nothing"));
  await writeTree(bench.at("outside"), { "secret.png": await drawPng("secret") });
  await symlink(bench.at("outside"), join(root, "dog/out"));
  await symlink(join(bench.at("outside"), "secret.png"), join(root, "dog/out.png"));
  await symlink("..", join(root, "dog/loop"));
  await symlink("self.png", join(root, "dog/self.png"));
  await symlink("missing.png", join(root, "dog/dangling.png"));
  execFileSync("mkfifo", [join(root, "dog/pipe.png")]);

  const manifest = await bench.import(root, { size: 8, colour: "grey" });
  const reasons = Object.fromEntries(manifest.skipped.map(({ path, reason }) => [path, reason]));
  expect(reasons).toEqual({
    "dog/empty.png": expect.stringMatching(/zero bytes/),
    "dog/text.png": expect.stringMatching(/not a PNG, JPEG/),
    "dog/cut.jpg": expect.stringMatching(/^damaged: /),
    "dog/header.jpg": expect.stringMatching(/^damaged: /),
    "dog/noise.jpg": expect.stringMatching(/not a PNG, JPEG/),
    "dog/bitmap.png": expect.stringMatching(/BMP.*convert it to PNG/),
    "dog/drawing.png": expect.stringMatching(/SVG.*convert it to PNG/),
    "dog/real.bmp": expect.stringMatching(/BMP.*convert it to PNG/),
    "dog/huge.png": expect.stringMatching(/huge/),
    "loose.png": expect.stringMatching(/outside the class folders/),
    "readme.txt": expect.stringMatching(/not a picture/),
    "dog/out": expect.stringMatching(/link out of the folder/),
    "dog/out.png": expect.stringMatching(/link out of the folder/),
    "dog/loop": expect.stringMatching(/leads back/),
    "dog/self.png": expect.stringMatching(/leads back/),
    "dog/dangling.png": expect.stringMatching(/link to nothing/),
    "dog/pipe.png": expect.stringMatching(/not a regular file/),
  });
  expect(manifest.classes.map(({ name, train, test }) => [name, train + test])).toEqual([
    ["dog", 7],
    ['it\'s a "cat" \u{1f408}', 3],
    ["rare", 1],
  ]);
  expect(manifest.classes[2]).toEqual({ name: "rare", train: 1, test: 0 });
  expect(reasonFor(manifest.warnings, "dog/moving.gif")).toMatch(/2 frames.*first is used/);
  expect(reasonFor(manifest.warnings, "dog/tiny.png")).toMatch(/tiny \(2 x 2\)/);
  expect(reasonFor(manifest.warnings, "rare")).toMatch(/one training picture/);
  expect(reasonFor(manifest.warnings, "nothing")).toMatch(/without pictures/);
  const duplicates = manifest.warnings.filter(({ reason }) => reason.startsWith("the same picture as"));
  expect(duplicates).toHaveLength(1);
  expect([duplicates[0].path, duplicates[0].reason].join()).toMatch(/dog\/again\.png/);
  expect(manifest.notes.join()).toMatch(/1 of 12 pictures are smaller than 8 x 8/);
});

test("the same picture in two classes, or in train and test, says so", async () => {
  await using bench = await createBench();
  const png = await drawPng("twice");
  const root = await bench.write("set", {
    ...(await drawTree({ "train/a": 2, "train/b": 2, "test/a": 1, "test/b": 1 })),
    "train/a/x.png": png,
    "train/b/x.png": png,
    "test/a/x.png": png,
  });
  const { warnings } = await bench.import(root);
  expect(reasonFor(warnings, "train/b/x.png")).toBe("the same picture as train/a/x.png, in another class");
  expect(reasonFor(warnings, "test/a/x.png")).toBe("the same picture as train/a/x.png, once in train and once in test");
});

test("a class that only test has is left out, picture by picture", async () => {
  await using bench = await createBench();
  const root = await bench.write("set", await drawTree({ "train/a": 2, "train/b": 2, "test/a": 1, "test/c": 2 }));
  const manifest = await bench.import(root);
  expect(manifest.classes).toEqual([
    { name: "a", train: 2, test: 1 },
    { name: "b", train: 2, test: 0 },
  ]);
  expect(reasonFor(manifest.skipped, "test/c/00001.png")).toMatch(/"c" has no training pictures/);
  expect(reasonFor(manifest.warnings, "b")).toMatch(/without test pictures/);
});

test("entries of a zip that lead out, lie, or are locked are listed, and the rest is imported", async () => {
  await using bench = await createBench();
  const tree = await drawTree({ a: 3, b: 3 });
  const bomb = Buffer.alloc(400_000);
  const zip = Buffer.from(
    await makeZip({ ...tree, "a/bomb.png": bomb, "b/flipped.png": tree["b/00000.png"], "c/": bomb }),
  );
  const evil = Buffer.from(await makeZip({ "../a/evil.png": tree["a/00000.png"] }).catch(() => new Uint8Array()));
  expect(evil.length === 0 || evil.includes("../a/evil.png")).toBe(true);
  patchNames(zip, "a/00002.png", "../0002.png");
  patchNames(zip, "b/00002.png", "/etc/02.png");
  patchDeclaredSize(zip, "a/bomb.png", 100);
  zip[dataOf(zip, "b/flipped.png") + 30] ^= 0xff;
  await writeFile(bench.at("set.zip"), zip);
  const manifest = await bench.import(bench.at("set.zip"));
  const reasons = Object.fromEntries(manifest.skipped.map(({ path, reason }) => [path, reason]));
  expect(reasons).toEqual({
    "../0002.png": expect.stringMatching(/leads out of the archive/),
    "/etc/02.png": expect.stringMatching(/leads out of the archive/),
    "a/bomb.png": expect.stringMatching(/more than the archive says/),
    "b/flipped.png": expect.stringMatching(/damaged in the archive/),
  });
  expect(manifest.classes.map(({ train, test }) => train + test)).toEqual([2, 2]);
  expect(reasonFor(manifest.warnings, "c")).toMatch(/without pictures/);

  await writeFile(bench.at("locked.zip"), await makeZip(tree, { password: "secret" }));
  const locked = await failureOf(bench.import(bench.at("locked.zip")));
  expect(locked.code).toBe("no-images");
  expect(locked.message).toMatch(/a\/00000\.png: encrypted; unpack it/);
});

test("sources that cannot be used are refused with the way out, and the store stays as it was", async () => {
  await using bench = await createBench();
  await bench.import(await bench.write("good", await drawTree({ a: 2, b: 2 })));
  const before = await snapshotFolder(bench.store.home);
  const zip = Buffer.from(await makeZip(await drawTree({ a: 2, b: 2 })));
  await writeTree(bench.at("bad"), {
    "cut.zip": zip.subarray(0, zip.length - 40),
    "text.zip": "no zip at all",
    "idx.zip": await makeZip({ "train-images-idx3-ubyte": Buffer.alloc(20) }),
    "file.txt": "hello",
    "one/cat/1.png": await drawPng("1"),
    "one/cat/2.png": await drawPng("2"),
    "none/cat/1.txt": "hello",
    "broken/a/1.png": "x",
    "broken/b/1.png": "",
    "flat/1.png": await drawPng("3"),
    "halves/train/1.png": await drawPng("4"),
    "halves/test/1.png": await drawPng("5"),
  });
  await mkdir(bench.at("bad/empty"));
  const cases: [string, string, RegExp][] = [
    ["missing", "not-found", /missing does not exist/],
    ["file.txt", "unknown-format", /file\.txt is not a dataset/],
    ["cut.zip", "zip-damaged", /cut off, damaged/],
    ["text.zip", "zip-damaged", /cannot be read as a zip/],
    ["idx.zip", "no-images", /holds IDX files/],
    ["empty", "no-images", /no pictures/],
    ["none", "no-images", /cat\/1\.txt: not a picture/],
    ["broken", "no-images", /a\/1\.png: its content.*b\/1\.png: empty/],
    ["flat", "no-images", /1\.png: lies outside the class folders/],
    ["one", "one-class", /only one class \("cat"\)/],
    ["halves", "no-classes", /no class folders/],
  ];
  for (const [name, code, says] of cases) {
    const error = await failureOf(bench.import(join(bench.at("bad"), name)));
    expect([name, error.code]).toEqual([name, code]);
    expect(error.message).toMatch(says);
    expect(error.hint).not.toBe("");
  }
  expect(await snapshotFolder(bench.store.home)).toEqual(before);
  expect((await failureOf(inspectDataset(bench.store, bench.at("bad/one")))).code).toBe("one-class");
});

/** Overwrites a name of equal length in local headers and central directory. */
function patchNames(zip: Buffer, from: string, to: string): void {
  expect(to).toHaveLength(from.length);
  for (let at = zip.indexOf(from); at >= 0; at = zip.indexOf(from, at)) zip.write(to, at, "latin1");
}

/** Overwrites the unpacked size in the central directory, which comes after the local header. */
function patchDeclaredSize(zip: Buffer, name: string, size: number): void {
  const at = zip.lastIndexOf(name) - 46;
  expect(zip.readUInt32LE(at)).toBe(0x02014b50);
  zip.writeUInt32LE(size, at + 24);
}

function dataOf(zip: Buffer, name: string): number {
  return zip.indexOf(name) + name.length;
}
