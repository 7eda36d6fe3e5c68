// The list of readers, in the order in which they are asked; the image folder takes any folder, so it comes last.

import { stat } from "node:fs/promises";
import { UserError } from "../../../../shared/lib/user-error.ts";
import { explainFileError } from "../../files.ts";
import { idxReader } from "./idx.ts";
import { imageFolderReader } from "./image-folder.ts";
import type { Reader } from "./reader.ts";
import { zipReader } from "./zip.ts";

const readers = [idxReader, zipReader, imageFolderReader] as const satisfies readonly Reader[];

/** The reader of what lies at `path`. Errors: not-found, not-readable, unknown-format. */
export async function findReader(path: string): Promise<Reader> {
  try {
    await stat(path);
    for (const reader of readers) if (await reader.recognise(path)) return reader;
  } catch (error) {
    throw explainFileError(error, path);
  }
  const titles = readers.map((reader) => reader.title);
  throw new UserError("unknown-format", `${path} is not a dataset that can be read.`, `Give ${titles.join(", or ")}.`);
}
