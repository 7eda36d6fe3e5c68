// Uploads: how a browser, which knows no paths of the host's machine, gives it a folder or a zip to import.

import { z } from "zod";

/** Of POST /api/uploads: the name of the dropped folder, or of the one file, and how much will come. */
export const uploadRequest = z.strictObject({
  name: z.string().min(1).max(255),
  bytes: z.number().nonnegative().default(0),
});

/** Of PUT /api/uploads/:id/files: the file's path below the dropped folder, and where in the file this part begins. */
export const uploadPart = z.strictObject({
  path: z.string().default(""),
  at: z.coerce.number().int().nonnegative().default(0),
});

/** To be surveyed and imported by this name, and then deleted. */
export const uploadAnswer = z.object({ upload: z.string() });
export type Upload = z.infer<typeof uploadAnswer>;
