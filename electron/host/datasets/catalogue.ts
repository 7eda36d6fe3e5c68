// What the store holds: lists, opens and deletes datasets.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetList } from "../../../shared/api/datasets.ts";
import { type DatasetManifest, datasetManifest, MANIFEST_VERSION } from "../../../shared/data/manifest.ts";
import { describeError, UserError } from "../../../shared/lib/user-error.ts";
import { explainFileError, isMissing, measureFiles, removeFolder } from "../files.ts";
import type { Store } from "../store.ts";

const idPattern = /^[0-9a-f]{16}$/;

export function isDatasetId(text: string): boolean {
  return idPattern.test(text);
}

export function lockOfDatasets(store: Store): string {
  return join(store.locks, "datasets");
}

/** The folder of a dataset's files. */
export function folderOf(store: Store, id: string): string {
  if (!isDatasetId(id)) throw unknownDataset(id);
  return join(store.datasets, id);
}

/** Newest first. Folders that cannot be read are named, not hidden. */
export async function listDatasets(store: Store): Promise<DatasetList> {
  const list: DatasetList = { datasets: [], damaged: [] };
  for (const id of (await readdir(store.datasets)).filter(isDatasetId).sort()) {
    try {
      list.datasets.push(await readManifest(store, id));
    } catch (error) {
      const code = error instanceof UserError ? error.code : "dataset-damaged";
      if (code !== "dataset-unknown") list.damaged.push({ id, code, reason: describeError(error) });
      else list.damaged.push({ id, code: "dataset-damaged", reason: "Its folder has no manifest.json." });
    }
  }
  list.datasets.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  return list;
}

/** Errors: dataset-unknown, dataset-newer, dataset-damaged. */
export async function readManifest(store: Store, id: string): Promise<DatasetManifest> {
  const path = join(folderOf(store, id), "manifest.json");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? unknownDataset(id) : explainFileError(error, path);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damagedManifest(path, "it is not JSON", error);
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version > MANIFEST_VERSION) {
    throw new UserError("dataset-newer", `${path} is from a newer version of Stillroom.`, "Update Stillroom.");
  }
  const parsed = datasetManifest.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw damagedManifest(path, problems.join("; "), parsed.error);
}

/** Removes a dataset, whole or damaged. Other processes that read it get a clear error. */
export async function deleteDataset(store: Store, id: string): Promise<void> {
  const folder = folderOf(store, id);
  await removeFolder(folder).catch((error) => {
    throw isMissing(error) ? unknownDataset(id) : explainFileError(error, folder);
  });
}

/** Bytes that a dataset takes on the disk. */
export async function measureDataset(store: Store, id: string): Promise<number> {
  return measureFiles([folderOf(store, id)]);
}

function unknownDataset(id: string): UserError {
  return new UserError(
    "dataset-unknown",
    `No dataset "${id}" is stored.`,
    "Import it first; `import PATH` prints the id.",
  );
}

function damagedManifest(path: string, why: string, cause: unknown): UserError {
  return new UserError("dataset-damaged", `${path} is damaged: ${why}.`, "Import the dataset again.", { cause });
}
