// What the page may know of the program that serves it.

import { z } from "zod";

export const hostKinds = ["electron", "server"] as const;

/** The answer of GET /api/app. */
export const appInfo = z.object({
  version: z.string(),
  host: z.enum(hostKinds),
  /** "linux", "darwin", "win32". */
  platform: z.string(),
  storePath: z.string(),
  /** Whether a sample dataset comes along, for POST /api/datasets/sample. */
  hasSample: z.boolean(),
  /** Whether the host can compute by itself, in a child process. */
  computeChild: z.boolean(),
});
export type AppInfo = z.infer<typeof appInfo>;
