// The store as a whole: what it takes on the disk, and the artifacts in it.

import { Hono } from "hono";
import type { Store } from "../store.ts";
import { deleteArtifact, measureStore } from "../store-usage.ts";

/** Mounted at /api/store. */
export function createStoreRoutes(store: Store) {
  return new Hono()
    .get("/", async (c) => c.json(await measureStore(store)))
    .delete("/artifacts/:id", async (c) => {
      await deleteArtifact(store, c.req.param("id"));
      return c.body(null, 204);
    });
}
