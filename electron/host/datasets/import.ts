// Imports a dataset into the store, or inspects it: starts the worker, then moves its work into place in one step.

import { createHash } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import {
  type ImageReport,
  type ImportOptions,
  type ImportProgress,
  importOptions,
  type ResolvedImportOptions,
} from "../../../shared/api/datasets.ts";
import type { DatasetManifest, ImageManifest } from "../../../shared/data/manifest.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { explainFileError, measureFreeBytes, syncFolder, writeFileAtomic } from "../files.ts";
import { withLock } from "../lock.ts";
import { createScratch, type Store } from "../store.ts";
import type { BuildRequest, BuildResult } from "./build.ts";
import { listDatasets, lockOfDatasets, readManifest } from "./catalogue.ts";
import type { WorkerMessage } from "./import.worker.ts";

export interface ImportContext {
  signal?: AbortSignal;
  /** About ten times a second. */
  onProgress?: (event: ImportProgress) => void;
}

export interface ImportResult {
  manifest: DatasetManifest;
  /** True when the same pictures with the same options were stored before. */
  existing: boolean;
}

/** How long a cancelled worker may take to close its files before it is ended. */
const CANCEL_GRACE_MS = 5_000;
/** Left alone, the heap of short-lived objects grows with the number of images, by 125 MB from 6,000 to 60,000. */
const YOUNG_HEAP_MB = 8;

/**
 * Imports an image folder, a zip of one or IDX files. Nothing is seen in the store before all is written.
 * Errors: UserErrors (cancelled, no-images, one-class, no-space, ...), each with the way out.
 */
export async function importDataset(
  store: Store,
  path: string,
  options: ImportOptions = {},
  context: ImportContext = {},
): Promise<ImportResult> {
  const known = new Map<string, string>();
  for (const { id, source } of (await listDatasets(store)).datasets) known.set(source.stamp, id);
  return withBuild(store, path, importOptions.parse(options), known, true, context, async (result, folder) => {
    if (result.kind === "existing") return { manifest: await readManifest(store, result.id), existing: true };
    const manifest = completeManifest(result);
    await writeManifest(folder, manifest);
    return commit(store, folder, manifest);
  });
}

/** Reads everything as an import does and stores nothing. */
export async function inspectDataset(
  store: Store,
  path: string,
  options: ImportOptions = {},
  context: ImportContext = {},
): Promise<ImageReport> {
  return withBuild(store, path, importOptions.parse(options), new Map(), false, context, async (result) => {
    if (result.kind === "existing") throw new Error("an inspection knows no stored datasets");
    return result.report;
  });
}

async function withBuild<T>(
  store: Store,
  path: string,
  options: ResolvedImportOptions,
  known: ReadonlyMap<string, string>,
  isStored: boolean,
  context: ImportContext,
  finish: (result: BuildResult, folder: string) => Promise<T>,
): Promise<T> {
  throwIfCancelled(context.signal);
  const scratch = await createScratch(store).catch((error) => {
    throw explainFileError(error, store.scratch);
  });
  try {
    const folder = join(scratch.path, "dataset");
    const unpacked = join(scratch.path, "unpacked");
    await mkdir(folder);
    await mkdir(unpacked);
    const freeBytes = await measureFreeBytes(store.home);
    const output = isStored ? folder : null;
    const request = { path: resolve(path), options, scratch: unpacked, output, freeBytes, known };
    const result = await runWorker(request, context);
    throwIfCancelled(context.signal);
    return await finish(result, folder);
  } catch (error) {
    throw explainFileError(error, store.home);
  } finally {
    await scratch.dispose();
  }
}

function runWorker(request: BuildRequest, { signal, onProgress }: ImportContext): Promise<BuildResult> {
  return new Promise((fulfil, reject) => {
    const worker = new Worker(new URL("./import.worker.ts", import.meta.url), {
      workerData: request,
      // Flags of the process that calls (--input-type, --inspect-brk) would break the worker.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    let grace: NodeJS.Timeout | undefined;
    let outcome: (() => void) | undefined;
    const cancel = () => {
      worker.postMessage("cancel");
      grace = setTimeout(() => worker.terminate(), CANCEL_GRACE_MS);
    };
    signal?.addEventListener("abort", cancel, { once: true });
    worker.on("message", (message: WorkerMessage) => {
      switch (message.kind) {
        case "progress":
          if (!signal?.aborted) onProgress?.(message.event);
          return;
        case "result":
          outcome = () => fulfil(message.result);
          return;
        case "failed":
          outcome = () => reject(new UserError(message.code, message.message, message.hint));
          return;
        case "crashed":
          outcome = () => reject(new Error(`The import failed: ${message.message}`, { cause: message.stack }));
          return;
        default:
          message satisfies never;
      }
    });
    worker.on("error", (error) => {
      outcome = () => reject(error);
    });
    // Only after the exit are all files of the worker closed.
    worker.on("exit", () => {
      clearTimeout(grace);
      signal?.removeEventListener("abort", cancel);
      if (signal?.aborted) reject(cancelled());
      else if (outcome) outcome();
      else reject(new Error("The import's worker ended without a result."));
    });
  });
}

function cancelled(): UserError {
  return new UserError("cancelled", "The import was cancelled; nothing was stored.");
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}

/** The id follows from pixels, classes, split and options, so the same import has the same id everywhere. */
function completeManifest({ report, chunks, sheets }: Extract<BuildResult, { kind: "built" }>): ImageManifest {
  const { version, kind, name, source, ...rest } = report;
  const content = JSON.stringify([report.fingerprint, report.options, report.split]);
  const id = createHash("sha256").update(content).digest("hex").slice(0, 16);
  const createdAt = new Date().toISOString();
  return { version, kind, id, name, createdAt, source, ...rest, chunks, sheets };
}

function writeManifest(folder: string, manifest: DatasetManifest): Promise<void> {
  return writeFileAtomic(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
}

async function commit(store: Store, folder: string, manifest: ImageManifest): Promise<ImportResult> {
  const target = join(store.datasets, manifest.id);
  await syncFolder(folder);
  return withLock(lockOfDatasets(store), async () => {
    const stored = await readManifest(store, manifest.id).catch(() => undefined);
    if (stored) {
      // Where the same pictures were found last is where they need not be read again; what was left out there is its own.
      const { source, notes, skipped, warnings } = manifest;
      const found = { ...stored, source, notes, skipped, warnings };
      if (source.stamp !== stored.source.stamp) await writeManifest(target, found);
      return { manifest: found, existing: true };
    }
    // What lies there is no dataset: an earlier version's, or damaged. The new one is whole.
    await rm(target, { recursive: true, force: true });
    await rename(folder, target);
    await syncFolder(store.datasets);
    return { manifest, existing: false };
  });
}
