// The store as a whole: what it takes on the disk.

import { Hono } from "hono";
import type { Store } from "../store.ts";
import { measureStore } from "../store-usage.ts";

/** Mounted at /api/store. */
export function createStoreRoutes(store: Store) {
  return new Hono().get("/", async (c) => c.json(await measureStore(store)));
}
