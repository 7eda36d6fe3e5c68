// What can be exported, whatever the run.

import { Hono } from "hono";
import type { ExportFormatList } from "../../../shared/api/runs.ts";
import { exportFormats } from "../export/index.ts";

/** Mounted at /api/exports. */
export function createExportRoutes() {
  const formats: ExportFormatList = exportFormats.map(({ id, title, extension, description }) => ({
    id,
    title,
    extension,
    description,
  }));
  return new Hono().get("/formats", (c) => c.json(formats));
}
