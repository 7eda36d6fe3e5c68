import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { exportFormats, exportRun, planExport } from "../../../electron/host/export/index.ts";
import { appendEvents, createRun, type Run, updateRun } from "../../../electron/host/runs/index.ts";
import { type DistilledSet, normaliserTensors, toPixels } from "../../../shared/data/distilled-set.ts";
import { sampleSet, whitened } from "../../data/sample-set.ts";
import { parseNpy, parseSafetensors } from "../../formats/independent-readers.ts";
import { pythonMissing, runPython } from "../../formats/python.ts";
import { newRun, temporaryFolder } from "../runs/sample-run.ts";
import { finishedRun } from "./sample-export.ts";

const all = exportFormats.map(({ id }) => id);
const set = sampleSet();

/** Odd names, and a normaliser as real datasets have it: no short decimals. */
function awkwardSet(): DistilledSet {
  const from = sampleSet({ channels: 1, ipc: 1, classNames: ['say "hi" \\', "nul.txt"] });
  const mean = Math.fround(0.2860405969887955);
  const std = Math.fround(1 / 3);
  const images = Float32Array.from(toPixels(from).pixels, (level) => (level / 255 - mean) / std);
  return { ...from, images, normaliser: { kind: "standard", mean: [mean], std: [std] } };
}

/** What networks see of an image that is all white: [channels * height * width]. */
function normaliseWhite({ shape, normaliser }: DistilledSet): number[] {
  const [, channels, height, width] = shape;
  const size = channels * height * width;
  return Array.from({ length: size }, (_, p) => {
    if (normaliser.kind === "standard") {
      const channel = Math.floor(p / (height * width));
      return (1 - normaliser.mean[channel]!) / normaliser.std[channel]!;
    }
    return normaliser.mean.reduce((sum, mean, k) => sum + (1 - mean) * normaliser.transform[k * size + p]!, 0);
  });
}

const soft: DistilledSet = {
  ...sampleSet({ ipc: 1 }),
  labels: { kind: "soft", values: Float32Array.of(0.5, 0.25, 0.25, 0, 1, 0, 0, 0.125, 0.875) },
};

async function exportSample(from: DistilledSet = set, formats: readonly string[] = all) {
  const run = await finishedRun(await temporaryFolder(), from);
  const dir = join(await temporaryFolder(), "set");
  return { run, dir, result: await exportRun(run, { formats, dir }) };
}

async function readPixels(png: string | Buffer, channels: number): Promise<number[]> {
  const image = channels === 1 ? sharp(png).extractChannel(0) : sharp(png);
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(channels);
  return [...data];
}

async function readMembers(path: string): Promise<Map<string, Uint8Array>> {
  const zip = new ZipReader(new Uint8ArrayReader(new Uint8Array(await readFile(path))), { useWebWorkers: false });
  const members = new Map<string, Uint8Array>();
  for (const entry of await zip.getEntries()) {
    if (entry.directory) continue;
    expect(entry.compressionMethod, "numpy maps stored members").toBe(0);
    members.set(
      entry.filename,
      await entry.getData(new Uint8ArrayWriter(), { checkSignature: true, useWebWorkers: false }),
    );
  }
  return members;
}

describe("exportRun", () => {
  test.each([1, 3] as const)("image-folder: %i-channel PNGs hold the de-normalised pixels", async (channels) => {
    const from = sampleSet({ channels });
    const { dir } = await exportSample(from, ["image-folder"]);
    expect((await readdir(join(dir, "images"))).sort()).toEqual(["Ankle boot", "CON_", "a_b_ été"]);
    const { pixels } = toPixels(from);
    const size = 36 * channels;
    for (const [i, file] of [
      "Ankle boot/0.png",
      "Ankle boot/1.png",
      "CON_/0.png",
      "CON_/1.png",
      "a_b_ été/0.png",
    ].entries()) {
      const expected = [...pixels.subarray(i * size, (i + 1) * size)];
      expect(await readPixels(join(dir, "images", file), channels), file).toEqual(expected);
    }
  });

  test("npz: an independent reader finds the set", async () => {
    const { dir } = await exportSample();
    const members = await readMembers(join(dir, "distilled.npz"));
    const read = (name: string) => parseNpy(members.get(`${name}.npy`)!);
    expect(read("images")).toEqual({ dtype: "<f4", shape: [6, 3, 6, 6], values: [...set.images] });
    expect(read("labels")).toEqual({ dtype: "<i8", shape: [6], values: [0n, 0n, 1n, 1n, 2n, 2n] });
    expect(read("mean")).toEqual({ dtype: "<f4", shape: [3], values: [0.5, 0.25, 0.75] });
    expect(read("std")).toEqual({ dtype: "<f4", shape: [3], values: [0.25, 0.5, 0.125] });
    expect(read("class_names").values).toEqual(set.classNames);
    expect(read("imageLearningRate")).toEqual({ dtype: "<f4", shape: [], values: [0.5] });
  });

  test("safetensors: an independent reader finds the set", async () => {
    const { dir } = await exportSample(soft);
    const { tensors, metadata } = parseSafetensors(await readFile(join(dir, "distilled.safetensors")));
    expect(tensors.get("images")).toMatchObject({ shape: [3, 3, 6, 6], values: [...soft.images] });
    expect(tensors.get("labels")).toMatchObject({ dtype: "F32", shape: [3, 3], values: [...soft.labels.values] });
    expect(JSON.parse(metadata.classNames!)).toEqual(soft.classNames);
  });

  test("a whitened set takes its transform along, and its pictures are of the inverse", async () => {
    const from = whitened();
    const { dir } = await exportSample(from);
    const read = async (name: string) => parseNpy(await readFile(join(dir, "zca", `${name}.npy`)));
    const [mean, transform, inverse] = await Promise.all(["mean", "transform", "inverse"].map(read));
    expect(mean).toMatchObject({ dtype: "<f4", shape: [108] });
    expect(transform).toMatchObject({ dtype: "<f4", shape: [108, 108] });
    const members = await readMembers(join(dir, "distilled.npz"));
    expect([...members.keys()]).not.toContain("std.npy");
    const { values } = parseNpy(members.get("images.npy")!);
    // The first image by the formula of the README: row @ inverse + mean.
    const row = values.slice(0, 108) as number[];
    const level = (p: number) =>
      255 *
      row.reduce((sum, value, k) => sum + value * (inverse!.values[k * 108 + p] as number), mean!.values[p] as number);
    const levels = Array.from({ length: 108 }, (_, p) => Math.abs(Math.round(level(p))));
    const png = await readPixels(join(dir, "images", "Ankle boot", "0.png"), 3);
    expect(png).toEqual(Array.from({ length: 108 }, (_, i) => levels[(i % 3) * 36 + Math.floor(i / 3)]));
    const readme = await readFile(join(dir, "README.md"), "utf8");
    expect(readme).toContain("ZCA-whitened");
    expect(readme.length).toBeLessThan(20_000);
  });

  test("grid: each image stands in its class's row", async () => {
    const { dir } = await exportSample(set, ["grid"]);
    const { width, height } = await sharp(join(dir, "grid.png")).metadata();
    const cell = 6 * 18; // the largest whole zoom within 112 pixels
    expect([width, height]).toEqual([4 + 2 * (cell + 4), 4 + 3 * (cell + 4)]);
    const sheet = await readPixels(join(dir, "grid.png"), 3);
    const { pixels } = toPixels(set);
    const at = (x: number, y: number) => sheet.slice((y * width! + x) * 3, (y * width! + x) * 3 + 3);
    expect(at(1, 1)).toEqual([0x8a, 0x8a, 0x8a]);
    const lastPixelOfImage3 = [...pixels.subarray(4 * 108 - 3, 4 * 108)];
    expect(at(4 + 2 * cell + 4 - 1, 4 + 2 * cell + 4 - 1)).toEqual(lastPixelOfImage3);
  });

  test("gives the same bytes for the same run", async () => {
    const run = await finishedRun(await temporaryFolder());
    const folders = [join(await temporaryFolder(), "a"), join(await temporaryFolder(), "b")];
    for (const dir of folders) await exportRun(run, { formats: all, dir });
    for (const file of ["README.md", "distilled.npz", "grid.png", "images/CON_/1.png", "export.json"]) {
      const [a, b] = await Promise.all(folders.map((dir) => readFile(join(dir, file))));
      expect(a?.equals(b!), file).toBe(true);
    }
  });

  test("plans what it writes: the same files, exact sizes where it says so, bounds elsewhere", async () => {
    const { run, dir, result } = await exportSample();
    const plan = await planExport(run, { formats: all, dir });
    const flatten = ({ name, bytes, isExact, children }: typeof plan.tree, above = ""): [string, number, boolean][] =>
      children
        ? children.flatMap((child) => flatten(child, `${above}${name}/`))
        : [[`${above}${name}`, bytes, isExact]];
    const planned = flatten(plan.tree);
    const written = new Map(flatten(result.tree).map(([path, bytes]) => [path, bytes]));
    expect(planned).toHaveLength(plan.fileCount);
    expect(planned.map(([path]) => path).sort()).toEqual([...written.keys()].sort());
    for (const [path, bytes, isExact] of planned) {
      if (isExact) expect(bytes, path).toBe(written.get(path));
      else expect(bytes, path).toBeGreaterThanOrEqual(written.get(path)!);
    }
  });

  test("counts what was clipped and says so in the README", async () => {
    const from = { ...set, images: set.images.slice() };
    from.images.set([99, -99, 99]);
    const { dir, result } = await exportSample(from, ["grid"]);
    expect(result.clipped).toBe(3);
    expect(await readFile(join(dir, "README.md"), "utf8")).toContain(
      "3 of 648 values (0.46 %) lie outside [0, 1] and were clipped",
    );
  });

  test.each([
    { killed: "before the new one stood", left: ["tmp", "old"], isMissing: true },
    { killed: "after the new one stood", left: ["old"], isMissing: false },
  ])("puts right what an export left that was killed $killed", async ({ left, isMissing }) => {
    const { run, dir } = await exportSample(set, ["npz"]);
    const beside = (ending: string) => join(dirname(dir), `.set.0f7e2a52-5a1c-4b43-9d0f-0d7d2a2b9c11.${ending}`);
    for (const ending of left) await cp(dir, beside(ending), { recursive: true });
    if (isMissing) await rm(dir, { recursive: true });
    await exportRun(run, { formats: ["grid"], dir });
    expect(await readdir(dirname(dir))).toEqual(["set"]);
    expect((await readdir(dir)).sort()).toEqual(["README.md", "export.json", "grid.png"]);
  });

  test("puts the earlier export back even when it cannot be replaced, and sweeps no file of the user's", async () => {
    const { run, dir } = await exportSample(set, ["npz"]);
    await writeFile(join(dir, "notes.txt"), "mine");
    const old = join(dirname(dir), ".set.0f7e2a52-5a1c-4b43-9d0f-0d7d2a2b9c11.old");
    await rename(dir, old);
    await expect(exportRun(run, { formats: ["grid"], dir })).rejects.toMatchObject({ code: "folder-not-empty" });
    expect(await readdir(dirname(dir))).toEqual(["set"]);
    expect(await readFile(join(dir, "notes.txt"), "utf8")).toBe("mine");
    await cp(dir, old, { recursive: true });
    await rm(join(dir, "notes.txt"));
    await exportRun(run, { formats: ["grid"], dir });
    expect(await readFile(join(old, "notes.txt"), "utf8")).toBe("mine");
  });

  test("replaces its own earlier export, and nothing else", async () => {
    const { run, dir } = await exportSample();
    await exportRun(run, { formats: ["npz"], dir });
    expect((await readdir(dir)).sort()).toEqual(["README.md", "distilled.npz", "export.json"]);
    await writeFile(join(dir, "README.md"), "my own notes");
    await expect(exportRun(run, { formats: ["npz"], dir })).rejects.toMatchObject({
      code: "folder-not-empty",
      message: expect.stringContaining("README.md"),
    });
    expect(await readFile(join(dir, "README.md"), "utf8")).toBe("my own notes");
  });

  test("refuses a folder with foreign files, also in its sub-folders, and leaves nothing behind", async () => {
    const run = await finishedRun(await temporaryFolder());
    const above = await temporaryFolder();
    await mkdir(join(above, "set", "deep"), { recursive: true });
    await writeFile(join(above, "set", "deep", "thesis.tex"), "x");
    await expect(exportRun(run, { formats: all, dir: join(above, "set") })).rejects.toThrow("deep/thesis.tex");
    expect(await readdir(above)).toEqual(["set"]);
    await mkdir(join(above, "empty"));
    await exportRun(run, { formats: ["npz"], dir: join(above, "empty") });
    expect((await readdir(above)).sort()).toEqual(["empty", "set"]);
  });

  test.skipIf(process.platform !== "linux")("refuses a place that takes no folders", async () => {
    const run = await finishedRun(await temporaryFolder(), set);
    await expect(exportRun(run, { formats: all, dir: "/proc/nothing/deep/set" })).rejects.toMatchObject({
      code: "not-writable",
      message: "/proc/nothing cannot be made: no folder can be made in /proc.",
    });
  });

  test("names unknown formats, a run without a set, and a damaged set", async () => {
    const root = await temporaryFolder();
    const run = await finishedRun(root);
    await expect(exportRun(run, { formats: ["npz", "mat", "csv"] })).rejects.toMatchObject({
      code: "unknown-format",
      message: 'No export format is called "mat", "csv".',
      hint: expect.stringContaining("image-folder, npz"),
    });
    await expect(exportRun(run, { formats: [] })).rejects.toMatchObject({ code: "unknown-format" });
    await writeFile(join(run.path, "distilled.safetensors"), "cut");
    await expect(exportRun(run, { formats: all })).rejects.toMatchObject({ code: "bad-safetensors" });
    const early = await createRun(root, { record: newRun });
    await expect(planExport(early, { formats: all })).rejects.toMatchObject({ code: "nothing-to-export" });
  });
});

describe("the exported README", () => {
  test("keeps odd class names in their cells and states what the set is", async () => {
    const { dir } = await exportSample(sampleSet({ classNames: ["a|b", "``` <b>", "line\nbreak"] }));
    const readme = await readFile(join(dir, "README.md"), "utf8");
    expect(readme).toContain("| 0 | a\\|b | a\\_b |");
    expect(readme).toContain("| 1 | \\`\\`\\` \\<b\\> |");
    expect(readme).toContain("| 2 | line break | line\\_break |");
    expect(readme).toContain("[6][3][6][6]");
    expect(readme).toContain("70.5 ± 0.5 %");
    expect(readme).toContain('"id": "dm"');
  });

  test("says of a set that is not whole how far it came", async () => {
    const readmeOf = async (run: Run) => {
      const dir = join(await temporaryFolder(), "set");
      await exportRun(run, { formats: ["grid"], dir });
      return readFile(join(dir, "README.md"), "utf8");
    };
    const run = await finishedRun(await temporaryFolder(), set);
    expect(await readmeOf(run)).not.toMatch(/ended by hand|unfinished|failed|\| steps \|/i);
    await updateRun(run, { status: "failed", stage: "synthesise", step: 12 });
    expect(await readmeOf(run)).toContain("**The run failed.** These are its last good images, of step 12 of 20.");
    const place = { stage: "synthesise", step: 9, time: 0, seq: 50 } as const;
    await appendEvents(run, [{ type: "warning", code: "ended-early", message: "", hint: "", ...place }]);
    await updateRun(run, { status: "done" });
    const readme = await readmeOf(run);
    expect(readme).toContain("**Ended by hand** after 9 of 20 steps");
    expect(readme).toContain("| steps | 9 of 20 |");
  });

  test("holds programs that run in Python and give the set", { timeout: 60_000 }, async ({ skip }) => {
    skip(pythonMissing !== false, String(pythonMissing));
    const samples = [set, awkwardSet(), soft, whitened()];
    const jobs = await Promise.all(
      samples.map(async (from) => {
        const { dir } = await exportSample(from);
        const readme = await readFile(join(dir, "README.md"), "utf8");
        const blocks = [...readme.matchAll(/^(`{3,})python\n([\s\S]*?)\n\1$/gm)].map(([, , code]) => code);
        expect(blocks).toHaveLength(1 + all.length);
        const normaliser = from.normaliser.kind === "zca" ? ["mean", "transform", "inverse"] : ["mean", "std"];
        return { dir, blocks, shape: from.shape, normaliser };
      }),
    );
    // Each program runs as it stands, in a namespace of its own; the first defines how test images are normalised.
    const script = `
import json, os, sys
import torch
results = []
for job in json.load(sys.stdin):
    os.chdir(job["dir"])
    test = {}
    exec(job["blocks"][0], test)
    test_images = test["normalise"](torch.full([2] + job["shape"][1:], 255, dtype=torch.uint8))
    out = {"test": [list(test_images.shape), test_images[0].flatten().tolist()], "sets": []}
    for block in job["blocks"][1:]:
        names = {}
        exec(block, names)
        out["sets"].append({
            "dtype": str(names["images"].dtype), "shape": list(names["images"].shape),
            "images": names["images"].flatten().tolist(), "labels": names["labels"].tolist(),
            "normaliser": [names[name].flatten().tolist() for name in job["normaliser"]], "class_names": names["class_names"]})
    results.append(out)
print(json.dumps(results))`;
    const results = JSON.parse(await runPython(script, { input: JSON.stringify(jobs) }));
    for (const [k, from] of samples.entries()) {
      const [n, ...size] = from.shape;
      const { test: normalised, sets } = results[k];
      expect(normalised[0]).toEqual([2, ...size]);
      const white = normaliseWhite(from);
      for (const [p, value] of white.entries()) expect(normalised[1][p]).toBeCloseTo(value, 5);
      const hard = Array.from({ length: n }, (_, i) => Math.floor(i / from.ipc));
      for (const [i, { id }] of exportFormats.entries()) {
        const read = sets[i];
        expect(read, id).toMatchObject({
          dtype: "torch.float32",
          shape: [...from.shape],
          class_names: from.classNames,
        });
        const parts = Object.values(normaliserTensors(from.normaliser)).map(({ data }) => [...data]);
        expect(read.normaliser, id).toEqual(parts);
        const isPicture = id === "image-folder" || id === "grid";
        if (isPicture || from.labels.kind === "hard") expect(read.labels, id).toEqual(hard);
        else expect(read.labels.flat(), id).toEqual([...from.labels.values]);
        // Pictures hold 8 bits; the sample's values are such levels, so that only float32 rounding is left.
        const error = Math.max(...from.images.map((value, j) => Math.abs(value - read.images[j])));
        expect(error, id).toBeLessThan(isPicture ? 1e-5 : 1e-12);
      }
    }
  });
});
