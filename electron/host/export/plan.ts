// The plan of an export: every file with its size, before anything is written.

import { join, resolve } from "node:path";
import { normaliserTensors } from "../../../shared/data/distilled-set.ts";
import type { SetNormaliser } from "../../../shared/data/normaliser.ts";
import { writeNpy } from "../../../shared/formats/index.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { EXPORTS, type Run } from "../runs/index.ts";
import type { Store } from "../store.ts";
import type { ExportFile, ExportFormat } from "./format.ts";
import { exportFormats } from "./formats/index.ts";
import { describePlace, type ExportPlace } from "./place.ts";
import { NORMALISER_FOLDER, NORMALISER_PARTS } from "./python.ts";
import { writeReadme } from "./readme.ts";
import { type RunResults, readResults } from "./source.ts";

export type ExportOptions = {
  /** Ids of formats. */
  readonly formats: readonly string[];
  /** The folder to write; `exports/set` of the run when left out. */
  readonly dir?: string | undefined;
  /** Where the dataset of an unfinished run is: its checkpoints hold neither class names nor normaliser. */
  readonly store?: Store | undefined;
};

/** A file, or a folder with its children. `bytes` is a bound unless `isExact`. */
export type ExportTree = {
  readonly name: string;
  readonly bytes: number;
  readonly isExact: boolean;
  readonly children?: readonly ExportTree[];
};

export type ExportPlan = {
  readonly dir: string;
  readonly fileCount: number;
  readonly tree: ExportTree;
  readonly place: ExportPlace;
  /** For each format a program that reads its files, started in the export's folder. */
  readonly loaders: readonly { readonly format: string; readonly title: string; readonly python: string }[];
};

/** What `exportRun` will write. Throws UserError "unknown-format", and those of reading the run's results. */
export async function planExport(run: Run, options: ExportOptions): Promise<ExportPlan> {
  const { dir, files, formats, results } = await prepareExport(run, options);
  return {
    dir,
    fileCount: files.length,
    tree: buildTree(dir, files),
    place: await describePlace(dir, run.record.id),
    loaders: formats.map((format) => ({
      format: format.id,
      title: format.title,
      python: format.describe(results).python,
    })),
  };
}

export type PreparedExport = {
  readonly dir: string;
  readonly files: readonly ExportFile[];
  readonly formats: readonly ExportFormat[];
  readonly results: RunResults;
};

export async function prepareExport(run: Run, options: ExportOptions): Promise<PreparedExport> {
  const formats = findFormats(options.formats);
  const results = await readResults(run, options.store);
  const readme = new TextEncoder().encode(writeReadme(results, formats));
  const files: ExportFile[] = [
    { path: "README.md", size: readme.length, isExact: true, make: async () => readme },
    ...normaliserFiles(results.set.normaliser),
    ...formats.flatMap((format) => format.write(results)),
  ];
  return { dir: resolve(options.dir ?? join(run.path, EXPORTS, "set")), files, formats, results };
}

/** The matrices of a whitened set, which no README can hold: for every format, and for whoever whitens test images. */
function normaliserFiles(normaliser: SetNormaliser): ExportFile[] {
  if (normaliser.kind === "standard") return [];
  return Object.values(normaliserTensors(normaliser)).map((tensor, index) => {
    const bytes = writeNpy(tensor);
    const path = `${NORMALISER_FOLDER}/${NORMALISER_PARTS.zca[index]}.npy`;
    return { path, size: bytes.length, isExact: true, make: async () => bytes };
  });
}

function findFormats(ids: readonly string[]): ExportFormat[] {
  const known: readonly ExportFormat[] = exportFormats;
  const unknown = ids.filter((id) => !known.some((format) => format.id === id));
  if (unknown.length > 0 || ids.length === 0) {
    throw new UserError(
      "unknown-format",
      unknown.length > 0
        ? `No export format is called ${unknown.map((id) => `"${id}"`).join(", ")}.`
        : "No format was named.",
      `Choose of ${known.map(({ id }) => id).join(", ")}.`,
    );
  }
  return known.filter(({ id }) => ids.includes(id)); // each once, in the list's order
}

export function buildTree(name: string, files: readonly Pick<ExportFile, "path" | "size" | "isExact">[]): ExportTree {
  const groups = new Map<string, Pick<ExportFile, "path" | "size" | "isExact">[]>();
  const children: ExportTree[] = [];
  for (const file of files) {
    const slash = file.path.indexOf("/");
    if (slash < 0) {
      children.push({ name: file.path, bytes: file.size, isExact: file.isExact });
      continue;
    }
    const folder = file.path.slice(0, slash);
    const group = groups.get(folder) ?? [];
    group.push({ ...file, path: file.path.slice(slash + 1) });
    groups.set(folder, group);
  }
  for (const [folder, group] of groups) children.push(buildTree(folder, group));
  return {
    name,
    bytes: children.reduce((sum, child) => sum + child.bytes, 0),
    isExact: children.every((child) => child.isExact),
    children,
  };
}
