// What a drop means, by names alone.
import { expect, test } from "vitest";
import { cleanPath, type DroppedItem, sortDrop } from "../../renderer/stores/dropped.ts";
import type { ImportSource } from "../../renderer/stores/import-draft.ts";

const file = (name: string, start = "", path = ""): DroppedItem => ({
  name,
  isFolder: false,
  path,
  upload: { name, listFiles: async () => [{ path: "", bytes: 1, read: async () => new Blob([]) }] },
  listNames: async () => [],
  readStart: async () => start,
});

/** `inside`: names of what lies in it; those with a dot are files. */
const folder = (name: string, inside: string[], path = ""): DroppedItem => ({
  name,
  isFolder: true,
  path,
  upload: {
    name,
    listFiles: async () => inside.map((each) => ({ path: each, bytes: 1, read: async () => new Blob([]) })),
  },
  listNames: async () => inside.map((each) => ({ name: each, isFolder: !each.includes(".") })),
  readStart: async () => "",
});

const sort = async (...items: DroppedItem[]) => {
  const { sources, refused } = await sortDrop(items);
  const described = await Promise.all(sources.map(describe));
  return { sources: described, refused: refused.map(({ name, reason }) => `${name}: ${reason}`) };
};

async function describe(source: ImportSource): Promise<string> {
  if (typeof source === "string") return source;
  const files = await source.listFiles(() => {}, new AbortController().signal);
  return `${source.name}: ${files.map(({ path }) => path || "(itself)").join(", ")}`;
}

test("one folder or zip is one dataset, by its path where that is known", async () => {
  expect(await sort(folder("pets", ["cat", "dog"], "/data/pets"))).toEqual({ sources: ["/data/pets"], refused: [] });
  expect(await sort(file("pets.ZIP"))).toEqual({ sources: ["pets.ZIP: (itself)"], refused: [] });
  expect((await sort(file("pets.bin", "PK\x03\x04"))).sources).toEqual(["pets.bin: (itself)"]);
});

test("class folders that were dropped together are one dataset, and so are the folders of splits", async () => {
  expect((await sort(folder("cat", ["1.png"], "/d/cat"), folder("dog", ["2.png"], "/d/dog"))).sources).toEqual([
    "cat + dog: cat/1.png, dog/2.png",
  ]);
  expect((await sort(folder("train", ["cat", "dog"]), folder("test", ["cat", "dog"]))).sources).toEqual([
    "train + test: train/cat, train/dog, test/cat, test/dog",
  ]);
  const many = ["a", "b", "c", "d"].map((name) => folder(name, ["1.jpg"]));
  expect((await sort(...many)).sources[0]).toMatch(/^a \+ b \+ c \+ …: a\/1\.jpg/);
});

test("folders of class folders, and zips, are a dataset each", async () => {
  const drop = await sort(folder("pets", ["cat", "dog"]), folder("birds", ["owl", "tit"]), file("cars.zip"));
  expect(drop.sources.map((each) => each.split(":")[0])).toEqual(["pets", "birds", "cars.zip"]);
});

test("IDX files that were dropped together are one dataset", async () => {
  const names = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"];
  expect((await sort(...names.map((name) => file(name)))).sources).toEqual([`IDX files: ${names.join(", ")}`]);
  const letters = ["emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte"];
  expect((await sort(...letters.map((name) => file(name)))).sources[0]).toMatch(/^emnist-letters: /);
  expect((await sort(file(names[0], "", "/d/train-images-idx3-ubyte.gz"))).sources).toEqual([
    "/d/train-images-idx3-ubyte.gz",
  ]);
});

test("what is no dataset is named with the reason, and does not stop the rest", async () => {
  const unreadable = { ...file("lost.dat"), readStart: () => Promise.reject(new Error("gone")) };
  expect(await sort(file("cat.png"), file("notes.pdf", "%PDF"), unreadable, file("pets.zip"))).toEqual({
    sources: ["pets.zip: (itself)"],
    refused: ["cat.png: picture", "notes.pdf: foreign", "lost.dat: unreadable"],
  });
});

test("a path is understood as it was pasted", () => {
  expect(cleanPath('  "/data/my pets" ')).toBe("/data/my pets");
  expect(cleanPath("file:///data/my%20pets")).toBe("/data/my pets");
  expect(cleanPath("file:///C:/pets")).toBe("C:/pets");
  expect(cleanPath("C:\\pets")).toBe("C:\\pets");
  expect(cleanPath("/it's")).toBe("/it's");
  expect(cleanPath("file:///%E0%A4%A")).toBe("file:///%E0%A4%A");
});
