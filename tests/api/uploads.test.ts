// What a browser drops: sent file by file, imported as from a path, and gone afterwards; no name leads out.
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createUploads } from "../../electron/host/uploads.ts";
import { createSmallStore } from "../support/small-store.ts";
import { drawTree } from "../tools/make-images.ts";

test("a dropped folder gives the very dataset of the same folder on the host", async () => {
  await using small = await createSmallStore();
  const { client } = small.open();
  const { upload, path } = await client.uploads.begin("animals");
  for (const split of ["train", "test"]) {
    for (const name of ["ant", "bee"]) {
      const folder = small.at("animals", split, name);
      for (const file of await readdir(folder)) {
        await client.uploads.send(upload, `${split}/${name}/${file}`, new Blob([await readFile(join(folder, file))]));
      }
    }
  }
  const { manifest } = await client.datasets.import(path, {}, () => {});
  expect(manifest).toMatchObject({ name: "animals", fingerprint: small.dataset.fingerprint });
  await client.uploads.end(upload);
  expect(await readdir(small.store.scratch)).toEqual([]);
  await expect(client.uploads.send(upload, "x.png", new Uint8Array(1))).rejects.toMatchObject({
    code: "upload-unknown",
  });
});

test("a dropped file is sent by itself, and only once", async () => {
  await using small = await createSmallStore();
  const { client } = small.open();
  const { upload, path } = await client.uploads.begin("set.zip");
  await client.uploads.send(upload, "", new Uint8Array([1, 2, 3]));
  expect([...(await readFile(path))]).toEqual([1, 2, 3]);
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
  const { upload, path } = await uploads.begin("animals");
  const [[name, png]] = Object.entries(await drawTree({ ant: 1 }));
  const broken = new ReadableStream<Uint8Array>({
    pull(stream) {
      stream.enqueue(png.subarray(0, 5));
      stream.error(new Error("the page went away"));
    },
  });
  await expect(uploads.write(upload, name, broken, png.length)).rejects.toThrow("the page went away");
  await expect(access(join(path, name))).rejects.toMatchObject({ code: "ENOENT" });
  await expect.poll(() => readdir(small.store.scratch), { timeout: 3000 }).toEqual([]);
});
