// Datasets as the command line uses them: opened by id or path, imported first where needed, read as image sets.
import type { ImportOptions, ImportProgress } from "../../shared/api/datasets.ts";
import type { SetNormaliser } from "../../shared/data/distilled-set.ts";
import { ImageSet } from "../../shared/data/image-set.ts";
import { type ImageManifest, normaliserOf, type SplitName } from "../../shared/data/manifest.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import type { DatasetFacts, Recipe } from "../../shared/recipe/index.ts";
import { type Dataset, openDataset } from "../host/datasets/index.ts";
import type { Cli } from "./cli.ts";

export async function openDatasetFor(cli: Cli, idOrPath: string, options: ImportOptions = {}): Promise<Dataset> {
  const { store } = await cli.host();
  const onProgress = (event: ImportProgress) => showImport(cli, event);
  const dataset = await openDataset(store, idOrPath, options, { signal: cli.signal, onProgress });
  const { name, skipped } = dataset.manifest;
  if (skipped.length > 0) {
    const [{ path, reason }] = skipped;
    const all = skipped.length === 1 ? "" : ` and ${skipped.length - 1} more, which \`import\` lists`;
    cli.output.note(`${name}: left out ${path} (${reason})${all}`);
  }
  return dataset;
}

/** A baseline of random images cannot hold more of a class than there are. */
export function warnOfSmallClasses(cli: Cli, { manifest }: Dataset, { ipc, evaluation }: Recipe): void {
  const smallest = Math.min(...manifest.classes.map(({ train }) => train));
  if (smallest >= ipc || !evaluation.baselines.includes("random")) return;
  cli.output.warn(
    `${manifest.name} has only ${smallest} training ${smallest === 1 ? "image" : "images"} of a class: the random sets hold fewer than ${ipc} of it.`,
  );
}

export function showImport(cli: Cli, event: ImportProgress): void {
  const { done, total } = event;
  const unknown = { perSecond: 0, secondsLeft: Number.POSITIVE_INFINITY };
  const pace =
    event.type === "progress"
      ? { perSecond: event.imagesPerSecond, secondsLeft: event.secondsLeft ?? Number.POSITIVE_INFINITY }
      : unknown;
  cli.output.progress(event.type === "scan" ? "scan  " : "import", { done, total, ...pace, note: "", unit: "image" });
}

/** One split of a stored dataset, normalised by its training images unless told otherwise. */
export function imageSetOf(dataset: Dataset, split: SplitName, normaliser?: SetNormaliser): ImageSet {
  const manifest: ImageManifest = dataset.manifest;
  const { channels, height, width, classes } = manifest;
  return new ImageSet({
    classNames: classes.map(({ name }) => name),
    counts: classes.map((each) => each[split]),
    channels,
    height,
    width,
    normaliser: normaliser ?? normaliserOf(manifest),
    read: (from, to) => dataset.readImages(split, { from, to }),
  });
}

export function factsOf({ manifest }: Dataset): DatasetFacts {
  const { name, height, channels, classes } = manifest;
  return { name, size: height, channels, classes };
}

/** A run's evaluation needs images that it did not learn from. */
export function requireTestImages({ manifest }: Dataset): void {
  if (manifest.classes.some(({ test }) => test > 0)) return;
  throw new UserError(
    "no-test-images",
    `${manifest.name} has no test images, so that nothing can be evaluated.`,
    "Add a test/ folder, import without one so that a part is set aside, or run with --no-evaluate.",
  );
}
