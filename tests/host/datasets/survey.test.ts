// What is told before anything is stored: classes, sizes, suggestions, samples, and every reason at once.

import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { createHost } from "../../../electron/host/app.ts";
import { importDataset, inspectDataset, readNames, surveySource } from "../../../electron/host/datasets/index.ts";
import { datasetUsage, importEvent, survey } from "../../../shared/api/datasets.ts";
import { drawPng, drawTree } from "../../tools/make-images.ts";
import { createBench, failureOf } from "./importing.ts";

test("a survey tells what an import of the same source then does, and stores nothing", async () => {
  await using bench = await createBench();
  const path = await bench.write("set", {
    ...(await drawTree({ a: 7, b: 5 }, { height: 40, width: 60, channels: 3 })),
    "a/broken.png": "no picture",
    "b/notes.txt": "hello",
  });
  const seen: number[] = [];
  const found = await surveySource(bench.store, path, {}, { onProgress: ({ done }) => seen.push(done) });
  expect(survey.parse(found)).toEqual(found);
  expect(await readdir(bench.store.datasets)).toEqual([]);
  expect(seen.at(-1)).toBe(13);
  const report = await inspectDataset(bench.store, path);
  expect(found).toMatchObject({
    name: "set",
    format: "image-folder",
    split: "drawn",
    classes: report.classes,
    sides: { smallest: 40, median: 40, largest: 40 },
    suggested: { size: { value: report.width }, colour: { value: "colour" } },
  });
  expect(found.skipped).toEqual(expect.arrayContaining(report.skipped));
  // Samples are whole pictures, not squares, and no larger than they were.
  expect(found.samples.map(({ className }) => className)).toEqual(["a", "b"]);
  const png = Buffer.from(found.samples[0].picture.split(",")[1], "base64");
  expect(await sharp(png).metadata()).toMatchObject({ width: 60, height: 40 });
});

test("where nothing can be imported, every file is told with its reason", async () => {
  await using bench = await createBench();
  const files = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`a/${i}.png`, "no picture"]));
  const error = await failureOf(surveySource(bench.store, await bench.write("bad", { ...files, "b/x.txt": "x" })));
  expect(error.code).toBe("no-images");
  expect(error.problems).toHaveLength(9);
  const single = await failureOf(
    surveySource(bench.store, await bench.write("one", { "a/1.png": await drawPng("1") })),
  );
  expect(single).toMatchObject({ code: "one-class", message: expect.stringContaining('only one class ("a")') });
});

test("a hundred classes give a few samples, spread over them", async () => {
  await using bench = await createBench();
  const counts = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`c${String(i).padStart(2, "0")}`, 1]));
  const { samples, warnings } = await surveySource(bench.store, await bench.write("many", await drawTree(counts)));
  expect(samples.map(({ className }) => className)).toEqual(
    ["00", "02", "05", "07", "10", "12", "15", "17", "20", "22", "25", "27"].map((name) => `c${name}`),
  );
  expect(warnings).toContainEqual({ path: "c00", reason: "a class with one training picture" });
});

test("the names of the files are kept in stored order, and an import shows nine pictures on its way", async () => {
  await using bench = await createBench();
  const path = await bench.write("set", await drawTree({ a: 20, b: 20 }, { channels: 3 }));
  const numbers: number[] = [];
  const { manifest } = await importDataset(
    bench.store,
    path,
    {},
    {
      onPicture: ({ number, picture }) => {
        numbers.push(number);
        expect(picture).toMatch(/^data:image\/png;base64,/);
      },
    },
  );
  expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const folder = join(bench.store.datasets, manifest.id);
  const [train, test] = [
    await readNames(manifest, folder, "train", 0, 99),
    await readNames(manifest, folder, "test", 0, 99),
  ];
  expect([...train, ...test].sort()).toEqual(Object.keys(await drawTree({ a: 20, b: 20 })).sort());
  const host = createHost({ store: bench.store });
  const answer = await host.request(`/api/datasets/${manifest.id}/files/train?from=17&to=19`);
  expect(await answer.json()).toEqual(train.slice(17, 19));
  const usage = datasetUsage.parse(await (await host.request(`/api/datasets/${manifest.id}/usage`)).json());
  expect(usage.bytes).toBeGreaterThan(40 * 192);
  // They are a help and not the data: without them the dataset is whole.
  await writeFile(join(folder, "names.json"), "{");
  expect(await readNames(manifest, folder, "train", 0, 99)).toEqual([]);
});

test("the sample that comes along is imported in one request, by a name and not a path of ours", async () => {
  await using bench = await createBench();
  const host = createHost({ store: bench.store });
  expect(await (await host.request("/api/app")).json()).toMatchObject({ hasSample: true });
  const response = await host.request("/api/datasets/sample", {
    method: "POST",
    body: JSON.stringify({ options: { size: 8 } }),
  });
  const events = (await response.text())
    .trimEnd()
    .split("\n")
    .map((line) => importEvent.parse(JSON.parse(line)));
  expect(events.at(-1)).toMatchObject({
    type: "done",
    existing: false,
    manifest: { name: "fashion-mnist-sample", source: { path: "the sample that comes with Stillroom" } },
  });
  expect(await readdir(bench.store.scratch)).toEqual([]);
});
