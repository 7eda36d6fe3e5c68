// What the store holds, and what it takes on the disk.

import { z } from "zod";
import { artifactSummary } from "./artifacts.ts";

const bytes = z.number().nonnegative();

/** `runs` without their exports; `scratch` is work in progress. */
export const storeParts = ["datasets", "runs", "exports", "artifacts", "scratch"] as const;
export type StorePart = (typeof storeParts)[number];

/** The answer of GET /api/store. */
export const storeUsage = z.object({
  path: z.string(),
  freeBytes: bytes,
  parts: z.array(z.object({ id: z.enum(storeParts), bytes, count: z.int().nonnegative() })),
  /** Exports that lie in run folders; those elsewhere are the user's own. */
  exports: z.array(z.object({ run: z.string(), name: z.string(), dir: z.string(), bytes })),
  artifacts: z.array(artifactSummary),
});
export type StoreUsage = z.infer<typeof storeUsage>;
