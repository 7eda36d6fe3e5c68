// A disk that cannot take what a run writes, told in words.

import { UserError } from "../../../shared/lib/user-error.ts";

const explained: Record<string, { code: string; says: string; hint: string }> = {
  ENOSPC: { code: "disk-full", says: "the disk is full", hint: "Free some space, then resume: nothing was lost." },
  EDQUOT: { code: "disk-full", says: "your disk quota is used up", hint: "Free some space, then resume." },
  EFBIG: {
    code: "disk-full",
    says: "the file would be too large here",
    hint: "Raise the limit (ulimit -f), or choose another disk.",
  },
  EROFS: { code: "not-writable", says: "the disk is read-only", hint: "Choose a folder on another disk." },
  EACCES: { code: "not-writable", says: "you may not write there", hint: "Choose another folder." },
  EPERM: { code: "not-writable", says: "you may not write there", hint: "Choose another folder." },
};

/** Runs `work`, which writes `path`; a failure of the disk becomes a UserError that names it. */
export async function explainDiskErrors<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const known = explained[(error as NodeJS.ErrnoException).code ?? ""];
    if (error instanceof UserError || known === undefined) throw error;
    throw new UserError(known.code, `${path} cannot be written: ${known.says}.`, known.hint, { cause: error });
  }
}
