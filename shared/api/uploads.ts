// Uploads: how a browser, which knows no paths of the host's machine, gives it a folder or a zip to import.

import { z } from "zod";

/** Of POST /api/uploads: the name of the dropped folder, or of the one file. */
export const uploadRequest = z.strictObject({ name: z.string().min(1).max(255) });

/** `path`: where the host puts it. To be imported from there, and then deleted as an upload. */
export const uploadAnswer = z.object({ upload: z.string(), path: z.string() });
export type Upload = z.infer<typeof uploadAnswer>;
