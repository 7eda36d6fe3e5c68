// Datasets as the command line uses them: opened by id or path, imported first where needed, read as image sets.
import type { ImportOptions, ImportProgress } from "../../shared/api/datasets.ts";
import type { ImageSet } from "../../shared/data/image-set.ts";
import type { SplitName } from "../../shared/data/manifest.ts";
import type { StandardNormaliser } from "../../shared/data/normaliser.ts";
import { createStoredSet } from "../../shared/data/stored-set.ts";
import type { Recipe } from "../../shared/recipe/index.ts";
import { storedDatasetOf } from "../compute/stored-dataset.ts";
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
export function imageSetOf(dataset: Dataset, split: SplitName, normaliser?: StandardNormaliser): ImageSet {
  return createStoredSet(storedDatasetOf(dataset), split, normaliser);
}
