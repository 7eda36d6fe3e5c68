// An export as one zip, for a browser, which cannot choose a folder on the host's machine.

import { Hono } from "hono";
import { listExportFiles, planExport } from "../export/index.ts";
import { openRunById } from "../runs/index.ts";
import type { Store } from "../store.ts";
import { zipResponse } from "../zip-response.ts";

/** Mounted at /api/runs. */
export function createArchiveRoutes(store: Store) {
  return new Hono().get("/:id/exports/archive", async (c) => {
    const run = await openRunById(store.home, c.req.param("id"));
    const formats = (c.req.query("formats") ?? "").split(",").filter((format) => format !== "");
    await planExport(run, { formats, store }); // what cannot be exported is said before the zip begins
    return zipResponse(run.record.id, listExportFiles(run, { formats, store }));
  });
}
