// An import from start to end: reuse, splits, suggestions, cancelling, a killed process, a full disk.

import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { generateImageFolder } from "../../../electron/host/datasets/bench.ts";
import { buildDataset } from "../../../electron/host/datasets/build.ts";
import {
  deleteDataset,
  importDataset,
  inspectDataset,
  listDatasets,
  openDataset,
} from "../../../electron/host/datasets/index.ts";
import { type ImportProgress, importOptions } from "../../../shared/api/datasets.ts";
import { drawTree, snapshotFolder } from "../../tools/make-images.ts";
import { createBench, failureOf } from "./importing.ts";

test("the same source with the same options is found again, unread when unchanged", async () => {
  await using bench = await createBench();
  const path = await bench.write("set", await drawTree({ a: 4, b: 4 }));
  const first = await importDataset(bench.store, path);
  expect(first.existing).toBe(false);
  const seen: string[] = [];
  const again = await importDataset(bench.store, path, {}, { onProgress: ({ type }) => seen.push(type) });
  expect(again).toEqual({ manifest: first.manifest, existing: true });
  expect(seen).toEqual([]);
  // A touched file must be read again, and gives the same dataset.
  await utimes(join(path, "a/00000.png"), new Date(), new Date());
  const touched = await importDataset(bench.store, path, {}, { onProgress: ({ type }) => seen.push(type) });
  const source = { ...first.manifest.source, stamp: touched.manifest.source.stamp };
  expect(touched).toEqual({ manifest: { ...first.manifest, source }, existing: true });
  expect(new Set(seen.splice(0))).toEqual(new Set(["scan", "progress"]));
  // Once.
  expect(await importDataset(bench.store, path, {}, { onProgress: ({ type }) => seen.push(type) })).toEqual(touched);
  expect(seen).toEqual([]);
  const other = await importDataset(bench.store, path, { size: 4 });
  expect(other.manifest.id).not.toBe(first.manifest.id);
  expect((await listDatasets(bench.store)).datasets).toHaveLength(2);

  await deleteDataset(bench.store, first.manifest.id);
  expect((await listDatasets(bench.store)).datasets.map(({ id }) => id)).toEqual([other.manifest.id]);
  expect((await failureOf(deleteDataset(bench.store, first.manifest.id))).code).toBe("dataset-unknown");
});

test("the same pixels from elsewhere are stored once, and what was left out there is told", async () => {
  await using bench = await createBench();
  const files = await drawTree({ a: 4, b: 4 });
  const first = await importDataset(bench.store, await bench.write("set", files));
  const { manifest, existing } = await importDataset(
    bench.store,
    await bench.write("worse", { ...files, "a/x.png": "" }),
  );
  expect(existing).toBe(true);
  expect(manifest.id).toBe(first.manifest.id);
  expect(manifest.skipped).toEqual([{ path: "a/x.png", reason: expect.any(String) }]);
});

test("inspecting tells the same as importing and stores nothing", async () => {
  await using bench = await createBench();
  const path = await bench.write("set", await drawTree({ a: 4, b: 4 }));
  const report = await inspectDataset(bench.store, path);
  expect(await readdir(bench.store.datasets)).toEqual([]);
  expect(await bench.import(path)).toMatchObject(report);
});

test("the stratified split is seeded, keeps each class in train and needs no order of files", async () => {
  await using bench = await createBench();
  const path = await bench.write("set", await drawTree({ a: 12, b: 6, c: 2, d: 1 }));
  const inspect = (seed: number, testFraction?: number) => inspectDataset(bench.store, path, { seed, testFraction });
  const first = await inspect(1);
  expect(first.split).toEqual({ kind: "stratified", seed: 1, testFraction: 1 / 6 });
  expect(first.classes.map(({ train, test }) => [train, test])).toEqual([
    [10, 2],
    [5, 1],
    [1, 1],
    [1, 0],
  ]);
  expect((await inspect(1)).fingerprint).toBe(first.fingerprint);
  expect((await inspect(2)).fingerprint).not.toBe(first.fingerprint);
  expect((await inspect(1, 0.9)).classes.map(({ train, test }) => [train, test])).toEqual([
    [1, 11],
    [1, 5],
    [1, 1],
    [1, 0],
  ]);
});

test("size and colour are suggested from the pictures, and said", async () => {
  await using bench = await createBench();
  const equal = await inspectDataset(
    bench.store,
    await bench.write("equal", await drawTree({ a: 2, b: 2 }, { height: 30, width: 30 })),
  );
  expect(equal).toMatchObject({ width: 30, height: 30, channels: 1 });
  expect(equal.notes).toEqual(["Size 30: all pictures are 30 x 30.", "Grey: all pictures are."]);
  const mixed = await inspectDataset(
    bench.store,
    await bench.write("mixed", {
      ...(await drawTree({ a: 2 }, { height: 40, width: 90, channels: 3 })),
      ...(await drawTree({ b: 1 }, { height: 20, width: 20 })),
    }),
  );
  expect(mixed).toMatchObject({ width: 32, height: 32, channels: 3 });
  expect(mixed.notes.join(" ")).toMatch(
    /Size 32: .* 40 pixels\. Colour.* 1 of 3 pictures are smaller.* 2 of 3 pictures are larger/,
  );
});

test("a suggestion keeps to the largest size that was allowed", async () => {
  await using bench = await createBench();
  const source = await bench.write("large", await drawTree({ a: 2, b: 2 }, { height: 70, width: 70 }));
  expect(await inspectDataset(bench.store, source)).toMatchObject({ width: 70 });
  const small = await inspectDataset(bench.store, source, { largest: 32 });
  expect(small.width).toBe(32);
  expect(small.notes[0]).toBe("Size 32: the largest of 28, 32 within the median shorter side of 70 pixels.");
  expect(await inspectDataset(bench.store, source, { largest: 32, size: 48 })).toMatchObject({ width: 48 });
});

test("thumbnail sheets show the stored pictures in order", async () => {
  await using bench = await createBench();
  const { manifest, folder, readImages } = await openDataset(
    bench.store,
    await bench.write("set", await drawTree({ a: 130, b: 6 })),
  );
  expect(manifest.sheets.map(({ file, split, from, images }) => [file, split, from, images])).toEqual([
    ["train-0000.png", "train", 0, 100],
    ["train-0001.png", "train", 100, 13],
    ["test-0000.png", "test", 0, 23],
  ]);
  const { data, info } = await sharp(join(folder, "train-0001.png"))
    .toColourspace("b-w")
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([80, 16, 1]);
  const [image] = [await readImages("train", [111])];
  // Number 111 is the twelfth of its sheet: second row, second column.
  const shown = Array.from({ length: 64 }, (_, i) => data[(8 + Math.floor(i / 8)) * 80 + 8 + (i % 8)]);
  expect(shown).toEqual([...image]);
});

test("progress ends at all that is read, and promises a time only when it can", async () => {
  await using bench = await createBench();
  const tree = await drawTree({ "train/a": 3, "train/b": 3, "train/d": 1, "test/a": 2, "test/c": 4, "test/d": 2 });
  // Of c nothing is to be learnt, of d nothing can be.
  const path = await bench.write("set", { ...tree, "train/d/00000.png": tree["train/d/00000.png"].subarray(0, 60) });
  const events: ImportProgress[] = [];
  await inspectDataset(bench.store, path, {}, { onProgress: (event) => events.push(event) });
  const progress = events.filter((event) => event.type === "progress");
  expect(progress.at(-1)).toMatchObject({ type: "progress", secondsLeft: 0 });
  for (const { done, total, secondsLeft } of progress) {
    expect(done).toBeLessThanOrEqual(total);
    expect(secondsLeft === 0).toBe(done === total);
  }
  expect(progress.at(-1)?.done).toBe(progress.at(-1)?.total);
});

test("a cancelled import stores nothing and leaves nothing", async () => {
  await using bench = await createBench();
  const path = bench.at("many");
  await generateImageFolder(path, 1000);
  const controller = new AbortController();
  const onProgress = ({ type }: { type: string }) => type === "progress" && controller.abort();
  const error = await failureOf(importDataset(bench.store, path, {}, { signal: controller.signal, onProgress }));
  expect(error.code).toBe("cancelled");
  expect(await readdir(bench.store.datasets)).toEqual([]);
  expect(await readdir(bench.store.scratch)).toEqual([]);
  const early = await failureOf(importDataset(bench.store, path, {}, { signal: AbortSignal.abort() }));
  expect(early.code).toBe("cancelled");
});

test("a killed import leaves the store as it was, and the next one works and sweeps", async () => {
  await using bench = await createBench();
  await bench.import(await bench.write("first", await drawTree({ a: 2, b: 2 })));
  const before = await snapshotFolder(bench.store.datasets);
  const path = bench.at("many");
  await generateImageFolder(path, 600);
  const index = new URL("../../../electron/host/datasets/index.ts", import.meta.url).href;
  const store = new URL("../../../electron/host/store.ts", import.meta.url).href;
  const script = `
    const { importDataset } = await import(${JSON.stringify(index)});
    const { openStore } = await import(${JSON.stringify(store)});
    const onProgress = ({ type }) => type === "progress" && process.kill(process.pid, "SIGKILL");
    await importDataset(await openStore(${JSON.stringify(bench.store.home)}), ${JSON.stringify(path)}, {}, { onProgress });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  const [, signal] = await new Promise<[number | null, string | null]>((done) =>
    child.on("exit", (...how) => done(how)),
  );
  expect(signal).toBe("SIGKILL");
  expect(await snapshotFolder(bench.store.datasets)).toEqual(before);
  expect(await readdir(bench.store.scratch)).not.toEqual([]);
  const manifest = await bench.import(path);
  expect(manifest.classes).toHaveLength(10);
  expect(await readdir(bench.store.scratch)).toEqual([]);
  expect((await listDatasets(bench.store)).datasets).toHaveLength(2);
});

test("too little space is found before anything is written", async () => {
  await using bench = await createBench();
  const path = await bench.write("set", await drawTree({ a: 2, b: 2 }));
  const output = bench.at("output");
  await mkdir(output);
  const request = {
    kind: "build" as const,
    path,
    shownAs: path,
    options: importOptions.parse({}),
    scratch: output,
    output,
    freeBytes: 1e6,
    known: new Map(),
    pictures: 0,
  };
  const context = { signal: new AbortController().signal, onProgress() {}, onPicture() {} };
  const error = await failureOf(buildDataset(request, context));
  expect(error.code).toBe("no-space");
  expect(error.message).toMatch(/1 MB free/);
  expect(await readdir(output)).toEqual([]);
});

test("a damaged or newer dataset is named, never hidden or half-read", async () => {
  await using bench = await createBench();
  const { manifest, folder } = await openDataset(bench.store, await bench.write("set", await drawTree({ a: 2, b: 2 })));
  const chunk = join(folder, manifest.chunks.train[0].file);
  const pixels = await readFile(chunk);
  pixels[3] ^= 1;
  await writeFile(chunk, pixels);
  const reopened = await openDataset(bench.store, manifest.id);
  expect((await failureOf(reopened.readImages("train", [0]))).code).toBe("dataset-damaged");

  const path = join(folder, "manifest.json");
  await writeFile(path, JSON.stringify({ ...manifest, version: 2 }));
  expect((await failureOf(openDataset(bench.store, manifest.id))).code).toBe("dataset-newer");
  await writeFile(
    path,
    JSON.stringify({ ...manifest, chunks: { train: [{ file: "../../x", images: 1, sha256: "" }], test: [] } }),
  );
  const damaged = await failureOf(openDataset(bench.store, manifest.id));
  expect(damaged.code).toBe("dataset-damaged");
  expect(damaged.message).toMatch(/chunks\.train\.0\.file/);
  expect(await listDatasets(bench.store)).toMatchObject({ datasets: [], damaged: [{ id: manifest.id }] });
  await deleteDataset(bench.store, manifest.id);
  expect(await listDatasets(bench.store)).toEqual({ datasets: [], damaged: [] });
});
