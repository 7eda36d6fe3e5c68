// The import itself: list, scan, decide, decode, pack. Runs in a worker; knows nothing of stores and processes.

import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type {
  ImageReport,
  ImportPicture,
  ImportProgress,
  ResolvedImportOptions,
} from "../../../shared/api/datasets.ts";
import type { Problem, SplitName } from "../../../shared/data/manifest.ts";
import { requireFreeSpace } from "../files.ts";
import { type Chunks, ChunkWriter } from "./chunk-writer.ts";
import { configureDecoder, createPacker, type DecodedPicture, decodePicture } from "./decode.ts";
import { describeSmallClasses, findClasses, requireClasses } from "./find-classes.ts";
import { Fingerprint } from "./fingerprint.ts";
import { NamesWriter } from "./names.ts";
import { mapInOrder } from "./ordered.ts";
import { PixelStatistics } from "./pixel-statistics.ts";
import { PreviewPicker } from "./preview-picker.ts";
import { findReader } from "./readers/index.ts";
import type { Source } from "./readers/reader.ts";
import type { ScannedImage } from "./scan.ts";
import { type Sheets, SheetWriter } from "./sheet-writer.ts";
import { describeChanges, suggestColour, suggestSize } from "./suggest.ts";

export interface BuildRequest {
  readonly kind: "build";
  readonly path: string;
  /** What the user calls it, where that is not the path. */
  readonly shownAs: string;
  readonly options: ResolvedImportOptions;
  /** An empty folder for unpacking. */
  readonly scratch: string;
  /** Where chunks and sheets go; null writes nothing. */
  readonly output: string | null;
  readonly freeBytes: number;
  /** Stamp -> id of what is stored already. */
  readonly known: ReadonlyMap<string, string>;
  /** How many stored pictures to show while the work goes on. */
  readonly pictures: number;
}

export interface BuildContext {
  readonly signal: AbortSignal;
  onProgress(event: ImportProgress): void;
  onPicture(event: ImportPicture): void;
}

export type BuildResult =
  | { kind: "existing"; id: string }
  | { kind: "built"; report: ImageReport; chunks: Chunks; sheets: Sheets; names: string | undefined };

const SECONDS_BEFORE_ESTIMATE = 0.5;
const MAX_PICTURES_IN_FLIGHT = 16;
/** Decoding a progressive JPEG takes its pixels in memory: about 200 MB for all in flight. */
const MAX_PIXELS_IN_FLIGHT = 48e6;

/** Reads `path` and packs it. Errors are UserErrors, or the signal's reason. */
export async function buildDataset(request: BuildRequest, context: BuildContext): Promise<BuildResult> {
  configureDecoder();
  const path = resolve(request.path);
  const reader = await findReader(path);
  const source = await reader.open(path, { scratch: request.scratch, signal: context.signal });
  try {
    const stamp = stampRequest(source, request.options);
    const id = request.known.get(stamp);
    if (id !== undefined) return { kind: "existing", id };
    return await buildFrom(source, { path: request.shownAs, format: reader.id, stamp }, request, context);
  } finally {
    await source.close();
  }
}

function stampRequest(source: Source, { size, fit, colour, testFraction, seed }: ResolvedImportOptions): string {
  const asked = JSON.stringify([size ?? null, fit, colour ?? null, testFraction, seed]);
  return createHash("sha256").update(source.stamp).update(asked).digest("hex");
}

async function buildFrom(
  source: Source,
  origin: ImageReport["source"],
  { options, output, freeBytes, pictures }: BuildRequest,
  { signal, onProgress, onPicture }: BuildContext,
): Promise<BuildResult> {
  const total = source.images.length;
  const reportScan = (done: number) => onProgress({ type: "scan", done, total });
  const { images, classes, hasSplits, skipped, warnings } = await findClasses(
    source,
    origin.path,
    options,
    signal,
    reportScan,
  );
  const notes: string[] = [...source.notes];
  const size = options.size ?? noteSuggestion(suggestSize(images, options.largest), notes);
  const colour = options.colour ?? noteSuggestion(suggestColour(images), notes);
  const target = { size, fit: options.fit, colour };
  const channels = colour === "grey" ? 1 : 3;
  const imageBytes = channels * size * size;
  notes.push(...describeChanges(images, size));

  // Sheets hold at most the same pixels once more.
  if (output) requireFreeSpace(output, 2 * imageBytes * images.length, freeBytes);
  const chunks = output ? new ChunkWriter(output, imageBytes) : undefined;
  const sheets = output ? new SheetWriter(output, size, channels) : undefined;
  const names = output ? new NamesWriter(output) : undefined;
  const training = classes.reduce((sum, { train }) => sum + train.length, 0);
  const picker = new PreviewPicker({ wanted: pictures, of: training, size, channels, onPicture });
  const statistics = new PixelStatistics(channels, size * size);
  const fingerprint = new Fingerprint();
  const counts = classes.map(({ name }) => ({ name, train: 0, test: 0 }));
  const started = performance.now();
  let done = 0;
  let toDecode = 0;
  for (const { train, test } of classes) if (train.length > 0) toDecode += train.length + test.length;

  const decode = async ({ image, isGrey, hasAlpha }: ScannedImage): Promise<DecodedPicture | Error> => {
    try {
      return await decodePicture(await source.read(image), { isGrey, hasAlpha }, target);
    } catch (error) {
      return error as Error;
    }
  };
  const bounds = {
    maxItems: MAX_PICTURES_IN_FLIGHT,
    weigh: (each: ScannedImage) => each.width * each.height,
    maxWeight: MAX_PIXELS_IN_FLIGHT,
    signal,
  };
  const packPlanes = createPacker(target);
  const pack = async (split: SplitName, at: number) => {
    const { name } = classes[at];
    for await (const [{ image }, result] of mapInOrder(classes[at][split], decode, bounds)) {
      done++;
      reportProgress();
      if (result instanceof Error) {
        skipped.push({ path: image.path, reason: result.message });
        continue;
      }
      if (result.complaint) warnings.push({ path: image.path, reason: `read in spite of: ${result.complaint}` });
      const pixels = packPlanes(result);
      counts[at][split]++;
      fingerprint.add(split, name, image.path, pixels);
      names?.add(split, image.path);
      if (split === "train") {
        statistics.add(pixels);
        picker.offer(pixels);
      }
      await chunks?.add(split, pixels);
      await sheets?.add(split, pixels);
    }
  };
  const reportProgress = () => {
    const seconds = (performance.now() - started) / 1000;
    const imagesPerSecond = seconds > 0 ? done / seconds : 0;
    const left = toDecode - done;
    // The decoder's own start is most of the first moments: what they promise is six times too long.
    const secondsLeft = left > 0 && seconds < SECONDS_BEFORE_ESTIMATE ? null : left / imagesPerSecond;
    onProgress({ type: "progress", done, total: toDecode, imagesPerSecond, secondsLeft });
  };

  for (let at = 0; at < classes.length; at++) await pack("train", at);
  for (let at = 0; at < classes.length; at++) {
    if (counts[at].train > 0) {
      await pack("test", at);
      continue;
    }
    skipped.push(...classes[at].test.map(({ image }) => leaveOutTestOnly(image.path, classes[at].name)));
    if (classes[at].train.length === 0) continue;
    toDecode -= classes[at].test.length; // none of its training pictures could be read
    reportProgress();
  }
  await chunks?.finish();
  await sheets?.finish();
  await picker.finish();

  const kept = counts.filter((each) => each.train > 0);
  requireClasses(kept, origin.path, skipped);
  warnings.push(...describeSmallClasses(kept), ...fingerprint.findDuplicates());
  const { seed, testFraction } = options;
  const report: ImageReport = {
    version: 1,
    kind: "images",
    name: options.name ?? source.name,
    source: origin,
    fingerprint: fingerprint.finish(
      { channels, height: size, width: size },
      kept.map(({ name }) => name),
    ),
    classes: kept,
    height: size,
    width: size,
    channels,
    ...statistics.finish(),
    options: target,
    split: hasSplits ? { kind: "folders" } : { kind: "stratified", seed, testFraction },
    notes,
    skipped,
    warnings,
  };
  return {
    kind: "built",
    report,
    chunks: chunks?.chunks ?? { train: [], test: [] },
    sheets: sheets?.sheets ?? [],
    names: await names?.finish(),
  };
}

function noteSuggestion<T>(suggestion: { value: T; note: string }, notes: string[]): T {
  notes.push(suggestion.note);
  return suggestion.value;
}

function leaveOutTestOnly(path: string, name: string): Problem {
  return { path, reason: `class "${name}" has no training pictures` };
}
