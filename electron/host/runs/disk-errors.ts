// A disk that cannot take what a run writes, told in words.

import { explainFileError } from "../files.ts";

/** Runs `work`, which writes `path`; a failure of the disk becomes a UserError that names it ("no-space" when full). */
export async function explainDiskErrors<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainFileError(error, path);
  }
}
