// A survey: what a source holds by names and headers, with a few small pictures, before the user chooses how to import it.

import type { ImportProgress, ResolvedImportOptions, Survey } from "../../../shared/api/datasets.ts";
import { configureDecoder, drawSample } from "./decode.ts";
import { describeSmallClasses, findClasses } from "./find-classes.ts";
import { toPngUrl } from "./picture-url.ts";
import { findReader } from "./readers/index.ts";
import type { ClassImages } from "./split.ts";
import { suggestColour, suggestSize } from "./suggest.ts";

export interface SurveyRequest {
  readonly kind: "survey";
  readonly path: string;
  /** What the user calls it, where that is not the path. */
  readonly shownAs: string;
  readonly options: ResolvedImportOptions;
  /** An empty folder for unpacking. */
  readonly scratch: string;
  readonly freeBytes: number;
}

interface SurveyContext {
  readonly signal: AbortSignal;
  onProgress(event: ImportProgress): void;
}

const MOST_SAMPLES = 12;

/** Reads no picture but the samples. Errors are those of an import that can be told so early. */
export async function surveyDataset(
  { path, shownAs, options, scratch, freeBytes }: SurveyRequest,
  { signal, onProgress }: SurveyContext,
): Promise<Survey> {
  configureDecoder();
  const reader = await findReader(path);
  const source = await reader.open(path, { scratch, signal });
  try {
    const total = source.images.length;
    const report = (done: number) => onProgress({ type: "scan", done, total });
    const found = await findClasses(source, shownAs, options, signal, report);
    const classes = found.classes.map(({ name, train, test }) => ({ name, train: train.length, test: test.length }));
    const sides = Float64Array.from(found.images, ({ width, height }) => Math.min(width, height)).sort();
    const samples: Survey["samples"] = [];
    for (const { name, train, test } of spread(found.classes, MOST_SAMPLES)) {
      const scanned = train[0] ?? test[0];
      // A picture with a sound header and a broken body is no sample; the import will tell of it.
      const sample = await drawSample(await source.read(scanned.image), scanned).catch(() => undefined);
      if (sample) samples.push({ className: name, picture: toPngUrl(sample) });
      signal.throwIfAborted();
    }
    return {
      name: source.name,
      format: reader.id,
      classes,
      split: found.hasSplits ? "folders" : "drawn",
      sides: { smallest: sides[0], median: sides[Math.floor(sides.length / 2)], largest: sides[sides.length - 1] },
      suggested: { size: suggestSize(found.images, options.largest), colour: suggestColour(found.images) },
      notes: [...source.notes],
      skipped: found.skipped,
      warnings: [...found.warnings, ...describeSmallClasses(classes)],
      samples,
      freeBytes,
    };
  } finally {
    await source.close();
  }
}

function spread(classes: readonly ClassImages[], most: number): ClassImages[] {
  if (classes.length <= most) return [...classes];
  return Array.from({ length: most }, (_, i) => classes[Math.floor((i * classes.length) / most)]);
}
