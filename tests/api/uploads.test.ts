// What a browser drops: sent file by file, imported as from a path, and gone afterwards; no name leads out.
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createUploads } from "../../electron/host/uploads.ts";
import type { UserError } from "../../shared/lib/user-error.ts";
import { createSmallStore } from "../support/small-store.ts";
import { drawTree } from "../tools/make-images.ts";

test("a dropped folder gives the very dataset of the same folder on the host", async () => {
  await using small = await createSmallStore();
  const { client } = small.open();
  const { upload } = await client.uploads.begin("animals");
  for (const split of ["train", "test"]) {
    for (const name of ["ant", "bee"]) {
      const folder = small.at("animals", split, name);
      for (const file of await readdir(folder)) {
        await client.uploads.send(upload, `${split}/${name}/${file}`, new Blob([await readFile(join(folder, file))]));
      }
    }
  }
  // Sent once, looked through and imported.
  const found = await client.datasets.survey({ upload }, () => {});
  expect(found).toMatchObject({ name: "animals", split: "folders" });
  const { manifest } = await client.datasets.import({ upload }, { size: 4 }, () => {});
  const same = await client.datasets.import(small.at("animals"), { size: 4 }, () => {});
  expect(same.existing).toBe(true);
  expect(manifest).toMatchObject({ name: "animals", source: { path: '"animals" (sent from the browser)' } });
  await client.uploads.end(upload);
  expect(await readdir(small.store.scratch)).toEqual([]);
  await expect(client.uploads.send(upload, "x.png", new Uint8Array(1))).rejects.toMatchObject({
    code: "upload-unknown",
  });
});

test("what cannot be imported is told by the name that the user knows", async () => {
  await using small = await createSmallStore();
  const { client } = small.open();
  const failing = async (name: string, path?: string, bytes = new Uint8Array()) => {
    const { upload } = await client.uploads.begin(name);
    if (path !== undefined) await client.uploads.send(upload, path, bytes);
    const error = await client.datasets
      .survey({ upload }, () => {})
      .then(
        () => undefined,
        (reason: UserError) => reason,
      );
    await client.uploads.end(upload);
    expect(error?.message).not.toContain(small.store.scratch);
    return error;
  };
  const text = new TextEncoder().encode("hello");
  const pets = await failing("pets", "a/notes.txt", text);
  expect(pets).toMatchObject({
    code: "no-images",
    message: expect.stringMatching(/^"pets" \(sent from the browser\) holds no pictures/),
    problems: [{ path: "a/notes.txt", message: "not a picture by its name" }],
  });
  expect(await failing("hollow")).toMatchObject({
    code: "no-images",
    message: '"hollow" (sent from the browser) holds no pictures that can be used.',
  });
  expect(await failing("broken.zip", "", text)).toMatchObject({
    code: "zip-damaged",
    message: expect.stringMatching(/^"broken\.zip"/),
  });
  expect(await failing("train-images-idx3-ubyte", "", text)).toMatchObject({ code: "idx-incomplete" });
});

test("a large file comes in parts, in order; what the disk cannot hold is refused before", async () => {
  await using small = await createSmallStore();
  const { client } = small.open();
  const { upload } = await client.uploads.begin("set.zip", 6);
  await client.uploads.send(upload, "", new Uint8Array([1, 2, 3]));
  await client.uploads.send(upload, "", new Uint8Array([4, 5, 6]), { at: 3 });
  await expect(client.uploads.send(upload, "", new Uint8Array(1), { at: 9 })).rejects.toMatchObject({
    code: "upload-torn",
  });
  expect([...(await readFile(join(small.store.scratch, upload, "set.zip")))]).toEqual([1, 2, 3, 4, 5, 6]);
  await client.uploads.end(upload);
  await expect(client.uploads.begin("whole-disk.zip", 1e18)).rejects.toMatchObject({ code: "no-space" });
  expect(await readdir(small.store.scratch)).toEqual([]);
});

test("a dropped file is sent by itself, and only once", async () => {
  await using small = await createSmallStore();
  const { client } = small.open();
  const { upload } = await client.uploads.begin("set.zip");
  await client.uploads.send(upload, "", new Uint8Array([1, 2, 3]));
  expect([...(await readFile(join(small.store.scratch, upload, "set.zip")))]).toEqual([1, 2, 3]);
  await expect(client.uploads.send(upload, "", new Uint8Array(1))).rejects.toMatchObject({ code: "upload-twice" });
  await expect(client.uploads.send(upload, "below/it", new Uint8Array(1))).rejects.toMatchObject({
    code: "upload-twice",
  });
});

test.each(["../out", "a/../../out", "/out", "a//b", "a\\..\\out", "a/\0", "."])(
  "%j names no file of an upload",
  async (name) => {
    await using small = await createSmallStore();
    const { client } = small.open();
    const { upload } = await client.uploads.begin("animals");
    await expect(client.uploads.send(upload, name, new Uint8Array(1))).rejects.toMatchObject({ code: "path-outside" });
    await expect(client.uploads.begin(`x/${name}`)).rejects.toMatchObject({ code: "path-outside" });
    await expect(access(join(small.store.scratch, "out"))).rejects.toMatchObject({ code: "ENOENT" });
  },
);

test("an upload whose page is gone is deleted, and so is the part of a file that broke off", async () => {
  await using small = await createSmallStore();
  const uploads = createUploads(small.store, 300);
  const { upload } = await uploads.begin("animals");
  const path = join(small.store.scratch, upload, "animals");
  const [[name, png]] = Object.entries(await drawTree({ ant: 1 }));
  const broken = new ReadableStream<Uint8Array>({
    pull(stream) {
      stream.enqueue(png.subarray(0, 5));
      stream.error(new Error("the page went away"));
    },
  });
  await expect(uploads.write(upload, { name, at: 0, bytes: png.length, body: broken })).rejects.toThrow(
    "the page went away",
  );
  await expect(access(join(path, name))).rejects.toMatchObject({ code: "ENOENT" });
  await expect.poll(() => readdir(small.store.scratch), { timeout: 3000 }).toEqual([]);
});
