// previews/: one PNG for each preview step.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { invariant } from "../../../shared/lib/invariant.ts";
import { isMissing, writeFileAtomic } from "../files.ts";
import { encodePng, type RawImage } from "../png.ts";
import { PREVIEWS, type Run } from "./folder.ts";

export type PreviewEntry = { readonly step: number; readonly file: string };

const STEP_DIGITS = 6;

/** Writes previews/<step>.png, the step with at least six digits, and returns its file name. */
export async function writePreview(run: Run, step: number, image: RawImage): Promise<string> {
  invariant(Number.isSafeInteger(step) && step >= 0, `a preview's step may not be ${step}`);
  const file = `${String(step).padStart(STEP_DIGITS, "0")}.png`;
  await writeFileAtomic(join(run.path, PREVIEWS, file), await encodePng(image));
  return file;
}

/** All previews in the order of their steps. */
export async function listPreviews(run: Run): Promise<PreviewEntry[]> {
  const names = await readdir(join(run.path, PREVIEWS)).catch((error) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names
    .filter((file) => /^\d{6,15}\.png$/.test(file))
    .map((file) => ({ step: Number.parseInt(file, 10), file }))
    .sort((a, b) => a.step - b.step);
}
