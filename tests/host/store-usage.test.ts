// What the store takes on the disk, over the real routes, and the deletion of artifacts.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exportRun } from "../../electron/host/export/index.ts";
import { createSmallStore } from "../support/small-store.ts";
import { finishedRun } from "./export/sample-export.ts";

test("the parts of the store are counted apart, and only what nothing needs is deleted", async () => {
  await using small = await createSmallStore();
  const { client } = small.open();
  const run = await finishedRun(small.store.home);
  const part = async (id: string) => (await client.store.usage()).parts.find((each) => each.id === id);
  const before = await part("runs");
  await exportRun(run, { formats: ["npz", "safetensors"] });
  expect(await part("exports")).toMatchObject({ count: 1, bytes: expect.any(Number) });
  const grown = Math.abs((await part("runs"))!.bytes - before!.bytes);
  expect(grown).toBeLessThan((await part("exports"))!.bytes);
  expect((await part("datasets"))?.count).toBe(1);
  expect((await client.store.usage()).freeBytes).toBeGreaterThan(0);

  const id = `experts-${"01".repeat(10)}`;
  await mkdir(join(small.store.artifacts, id));
  await writeFile(join(small.store.artifacts, id, "000.bin"), new Uint8Array(50_000));
  const { artifacts } = await client.store.usage();
  expect(artifacts).toMatchObject([{ id, kind: "experts", state: "unfinished", parts: 0 }]);
  expect(artifacts[0].bytes).toBeGreaterThanOrEqual(50_000);
  await client.artifacts.delete(id);
  expect((await client.store.usage()).artifacts).toEqual([]);
  await expect(client.artifacts.delete("../runs")).rejects.toMatchObject({ code: "artifact-unknown" });
  await expect(client.artifacts.delete(".hidden")).rejects.toMatchObject({ code: "artifact-unknown" });

  await client.runs.deleteExport(run.record.id);
  expect((await client.store.usage()).exports).toEqual([]);
  expect((await client.runs.exportFormats()).map(({ id }) => id)).toContain("image-folder");
});
