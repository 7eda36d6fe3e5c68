// The upload routes: begun with a name, filled file by file, deleted once it is imported.

import { Hono } from "hono";
import { uploadPart, uploadRequest } from "../../../shared/api/uploads.ts";
import { readJson } from "../request.ts";
import type { Uploads } from "../uploads.ts";

/** Mounted at /api/uploads. */
export function createUploadRoutes(uploads: Uploads) {
  return new Hono()
    .post("/", async (c) => {
      const { name, bytes } = await readJson(c.req.raw, uploadRequest);
      return c.json(await uploads.begin(name, bytes), 201);
    })
    .put("/:id/files", async (c) => {
      const { path: name, at } = uploadPart.parse(c.req.query());
      const bytes = Number(c.req.header("content-length") ?? 0);
      await uploads.write(c.req.param("id"), { name, at, bytes, body: c.req.raw.body });
      return c.body(null, 204);
    })
    .delete("/:id", async (c) => {
      await uploads.end(c.req.param("id"));
      return c.body(null, 204);
    });
}
