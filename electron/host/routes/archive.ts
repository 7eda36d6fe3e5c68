// An export as one zip, for a browser, which cannot choose a folder on the host's machine.

import { Uint8ArrayReader, ZipWriter } from "@zip.js/zip.js";
import { Hono } from "hono";
import { listExportFiles, planExport } from "../export/index.ts";
import { openRunById } from "../runs/index.ts";
import type { Store } from "../store.ts";

/** Mounted at /api/runs. The zip is made while it is sent. */
export function createArchiveRoutes(store: Store) {
  return new Hono().get("/:id/exports/archive", async (c) => {
    const run = await openRunById(store.home, c.req.param("id"));
    const formats = (c.req.query("formats") ?? "").split(",").filter((format) => format !== "");
    await planExport(run, { formats, store }); // what cannot be exported is said before the zip begins
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const pack = async () => {
      const zip = new ZipWriter(writable);
      for await (const { path, bytes } of listExportFiles(run, { formats, store })) {
        await zip.add(path, new Uint8ArrayReader(bytes), { useWebWorkers: false });
      }
      await zip.close();
    };
    // A zip that breaks off has no directory, so that no reader takes it for whole.
    pack().catch((error: unknown) => writable.abort(error).catch(() => {}));
    return c.body(readable, 200, {
      "content-type": "application/zip",
      "content-disposition": `attachment; filename="${run.record.id}.zip"`,
      "cache-control": "no-store",
    });
  });
}
