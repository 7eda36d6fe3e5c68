import { describe, expect, test } from "vitest";
import { type DistilledSet, fromSafetensors, toPixels, toSafetensors } from "../../shared/data/distilled-set.ts";
import { readSafetensors, type TypedTensor, writeSafetensors } from "../../shared/formats/index.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { parseSafetensors } from "../formats/independent-readers.ts";
import { sampleSet, whitened } from "./sample-set.ts";

const soft: DistilledSet = {
  ...sampleSet(),
  labels: { kind: "soft", values: Float32Array.from({ length: 18 }, (_, i) => (i % 3) / 3) },
};

/** The file of the sample set with some tensors or metadata put in place of its own. */
function changed(tensors: Record<string, TypedTensor | undefined>, metadata: Record<string, string> = {}): Uint8Array {
  const file = readSafetensors(toSafetensors(sampleSet()));
  const kept = Object.entries({ ...file.tensors, ...tensors }).filter(
    (entry): entry is [string, TypedTensor] => !!entry[1],
  );
  return writeSafetensors(Object.fromEntries(kept), { ...file.metadata, ...metadata });
}

describe("toSafetensors", () => {
  test.each([sampleSet(), soft, sampleSet({ channels: 1, ipc: 1 }), whitened()])("reads back equal: %#", (set) => {
    expect(fromSafetensors(toSafetensors(set))).toEqual(set);
  });

  test("lays the file out as the run folder promises", () => {
    const { tensors, metadata } = parseSafetensors(toSafetensors(sampleSet()));
    expect(tensors.get("images")).toMatchObject({ dtype: "F32", shape: [6, 3, 6, 6] });
    expect(tensors.get("labels")).toMatchObject({ dtype: "I64", shape: [6], values: [0n, 0n, 1n, 1n, 2n, 2n] });
    expect(tensors.get("mean")).toMatchObject({ dtype: "F32", shape: [3], values: [0.5, 0.25, 0.75] });
    expect(tensors.get("std")).toMatchObject({ dtype: "F32", shape: [3] });
    expect(tensors.get("imageLearningRate")).toMatchObject({ shape: [], values: [0.5] });
    expect(JSON.parse(metadata.classNames ?? "")).toEqual(["Ankle boot", "CON", "a/b: été"]);
    expect(JSON.parse(metadata.recipe ?? "")).toMatchObject({ method: { id: "dm" } });
    expect(metadata).toMatchObject({ fingerprint: "sha256:0123abcd", ipc: "2", normaliser: "standard" });
    expect(parseSafetensors(toSafetensors(soft)).tensors.get("labels")).toMatchObject({ dtype: "F32", shape: [6, 3] });
  });

  test("keeps the whole whitening", () => {
    const { tensors, metadata } = parseSafetensors(toSafetensors(whitened()));
    expect(metadata.normaliser).toBe("zca");
    expect([...tensors.keys()]).not.toContain("std");
    expect(tensors.get("zca.mean")).toMatchObject({ dtype: "F32", shape: [108] });
    expect(tensors.get("zca.transform")).toMatchObject({ dtype: "F32", shape: [108, 108] });
    expect(tensors.get("zca.inverse")).toMatchObject({ dtype: "F32", shape: [108, 108] });
  });

  test("refuses what a method learned under a name of its own tensors", () => {
    const extra = { mean: { dtype: "F32", shape: [], data: new Float32Array(1) } } as const;
    expect(() => toSafetensors({ ...sampleSet(), extra })).toThrow("Internal error");
  });
});

describe("fromSafetensors", () => {
  const f32 = (shape: number[], fill = 0): TypedTensor => ({
    dtype: "F32",
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(fill),
  });
  const labels = (...values: bigint[]): TypedTensor => ({
    dtype: "I64",
    shape: [values.length],
    data: BigInt64Array.from(values),
  });

  test.each([
    ["another safetensors file", changed({}, { format: "pt" }), "another kind of file"],
    ["a later version", changed({}, { version: "2" }), "version 2 of stillroom.distilled-set"],
    ["no images", changed({ images: undefined }), 'tensor "images" is not F32'],
    ["images of three sides", changed({ images: f32([6, 3, 36]) }), 'tensor "images" is not F32 [n]'],
    [
      "images that are not finite",
      changed({ images: f32([6, 3, 6, 6], Number.NaN) }),
      '"images" holds values that are not finite',
    ],
    ["a mean of another length", changed({ mean: f32([1]) }), 'tensor "mean" is not F32 [channels]'],
    ["a std of zero", changed({ std: f32([3]) }), '"std" holds values that are not above zero'],
    ["too few labels", changed({ labels: labels(0n, 1n) }), 'tensor "labels" is neither'],
    ["a label of no class", changed({ labels: labels(0n, 0n, 1n, 1n, 2n, 3n) }), '"labels" names no class of 0 to 2'],
    ["labels out of order", changed({ labels: labels(0n, 1n, 0n, 1n, 2n, 2n) }), '"labels" is not in the order'],
    ["class names that are none", changed({}, { classNames: "[1]" }), "classNames is not a list"],
    ["an ipc that does not fit", changed({}, { ipc: "3" }), "it holds 6 images, but 3 classes of 3 images make 9"],
    ["an ipc that is no number", changed({}, { ipc: "two" }), 'ipc is "two"'],
    ["an unknown normaliser", changed({}, { normaliser: "pca" }), 'normaliser is "pca"'],
    [
      "a whitening without its transform",
      changed({}, { normaliser: "zca" }),
      'tensor "zca.transform" is not F32 [D][D]',
    ],
    [
      "a whitening of other images",
      changed(
        { "zca.mean": f32([9]), "zca.transform": f32([9, 9]), "zca.inverse": f32([9, 9]) },
        { normaliser: "zca" },
      ),
      'tensor "zca.mean" is not F32 [D]; tensor "zca.transform" is not',
    ],
    ["a broken recipe", changed({}, { recipe: "{" }), "recipe is not JSON"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => fromSafetensors(bytes, "d.safetensors")).toThrow(UserError);
    expect(() => fromSafetensors(bytes, "d.safetensors")).toThrow(message);
    expect(() => fromSafetensors(bytes, "d.safetensors")).toThrow("d.safetensors is not");
  });

  test("names everything that is wrong at once", () => {
    expect(() => fromSafetensors(changed({ mean: undefined, std: undefined }, { recipe: "{" }))).toThrow(
      /recipe.*"mean".*"std"/,
    );
  });
});

describe("toPixels", () => {
  test("gives back the levels that were normalised, interleaved", () => {
    const set = sampleSet();
    const { pixels, clipped, ...size } = toPixels(set);
    expect(size).toEqual({ count: 6, width: 6, height: 6, channels: 3 });
    expect(clipped).toBe(0);
    for (const [image, channel, at] of [
      [0, 0, 0],
      [0, 2, 35],
      [4, 1, 17],
    ] as const) {
      expect(pixels[(image * 36 + at) * 3 + channel]).toBe((((image * 3 + channel) * 36 + at) * 37) % 256);
    }
  });

  test("gives back the levels that were whitened", () => {
    const [plain, white] = [sampleSet(), whitened()].map(toPixels);
    expect(white).toEqual(plain);
  });

  test("clips to [0, 1] and counts what lost more than rounding loses", () => {
    const levels = [-20, -0.6, -0.4, 0, 100.4, 100.6, 255.4, 255.6, 300];
    const set: DistilledSet = {
      ...sampleSet({ channels: 1 }),
      images: Float32Array.from(levels, (level) => (level / 255 - 0.5) / 0.25),
      shape: [1, 1, 3, 3],
    };
    const { pixels, clipped } = toPixels(set);
    expect([...pixels]).toEqual([0, 0, 0, 0, 100, 101, 255, 255, 255]);
    expect(clipped).toBe(4);
  });
});
