// Imports a dataset into the store, or inspects it: starts the worker, then moves its work into place in one step.

import { createHash } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import {
  type ImageReport,
  type ImportOptions,
  type ImportPicture,
  type ImportProgress,
  importOptions,
  type Survey,
} from "../../../shared/api/datasets.ts";
import type { DatasetManifest, ImageManifest } from "../../../shared/data/manifest.ts";
import { invariant } from "../../../shared/lib/invariant.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { explainFileError, measureFreeBytes, syncFolder, writeFileAtomic } from "../files.ts";
import { withLock } from "../lock.ts";
import { createScratch, type Store } from "../store.ts";
import type { BuildResult } from "./build.ts";
import { listDatasets, lockOfDatasets, readManifest } from "./catalogue.ts";
import type { WorkerMessage, WorkerRequest, WorkerResult } from "./import.worker.ts";

export interface ImportContext {
  signal?: AbortSignal;
  /** About ten times a second. */
  onProgress?: (event: ImportProgress) => void;
  /** Hears of a few stored pictures while the import goes on. */
  onPicture?: (event: ImportPicture) => void;
  /** What the user calls the source, where it lies in a folder that only we know; stored and told in place of its path. */
  shownAs?: string | undefined;
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
/** A contact sheet of three by three. */
const PICTURES_SHOWN = 9;

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
  return withScratch(store, context, async ({ folder, unpacked, freeBytes }) => {
    const result = expectBuild(
      await runWorker(
        {
          kind: "build",
          ...placeOf(path, context),
          options: importOptions.parse(options),
          scratch: unpacked,
          output: folder,
          freeBytes,
          known,
          pictures: context.onPicture ? PICTURES_SHOWN : 0,
        },
        context,
      ),
    );
    throwIfCancelled(context.signal);
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
  return withScratch(store, context, async ({ unpacked, freeBytes }) => {
    const result = expectBuild(
      await runWorker(
        {
          kind: "build",
          ...placeOf(path, context),
          options: importOptions.parse(options),
          scratch: unpacked,
          output: null,
          freeBytes,
          known: new Map(),
          pictures: 0,
        },
        context,
      ),
    );
    invariant(result.kind === "built", "an inspection knows no stored datasets");
    return result.report;
  });
}

/** Tells from names and headers what an import would find. Errors as those of an import. */
export async function surveySource(
  store: Store,
  path: string,
  options: ImportOptions = {},
  context: ImportContext = {},
): Promise<Survey> {
  return withScratch(store, context, async ({ unpacked, freeBytes }) => {
    const request = { ...placeOf(path, context), options: importOptions.parse(options), scratch: unpacked, freeBytes };
    const result = await runWorker({ kind: "survey", ...request }, context);
    invariant(result.kind === "surveyed", "a survey was asked for");
    return result.survey;
  });
}

const placeOf = (path: string, { shownAs }: ImportContext) => ({
  path: resolve(path),
  shownAs: shownAs ?? resolve(path),
});

function expectBuild(result: WorkerResult): BuildResult {
  invariant(result.kind !== "surveyed", "a build was asked for");
  return result;
}

interface Workplace {
  /** Where the dataset is put together. */
  readonly folder: string;
  /** For what has to be unpacked. */
  readonly unpacked: string;
  readonly freeBytes: number;
}

async function withScratch<T>(
  store: Store,
  context: ImportContext,
  work: (place: Workplace) => Promise<T>,
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
    return await work({ folder, unpacked, freeBytes: await measureFreeBytes(store.home) });
  } catch (error) {
    throw explainFileError(error, store.home);
  } finally {
    await scratch.dispose();
  }
}

function runWorker(
  request: WorkerRequest,
  { signal, onProgress, onPicture, shownAs }: ImportContext,
): Promise<WorkerResult> {
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
        case "picture":
          if (!signal?.aborted) onPicture?.(message.event);
          return;
        case "result":
          outcome = () => fulfil(message.result);
          return;
        case "failed":
          outcome = () => reject(toUserError(message, request.path, shownAs));
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

/** Readers tell of the path that they were given; one of ours tells the user nothing. */
function toUserError(
  { code, message, hint, problems }: Extract<WorkerMessage, { kind: "failed" }>,
  path: string,
  shownAs: string | undefined,
): UserError {
  const told =
    shownAs === undefined
      ? message
      : message
          .replaceAll(path, shownAs)
          .replaceAll(`${dirname(path)}/`, "")
          .replaceAll(dirname(path), shownAs);
  return new UserError(code, told, hint, { problems });
}

function cancelled(): UserError {
  return new UserError("cancelled", "The import was cancelled; nothing was stored.");
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}

/** The id follows from pixels, classes, split and options, so the same import has the same id everywhere. */
function completeManifest({ report, chunks, sheets, names }: Extract<BuildResult, { kind: "built" }>): ImageManifest {
  const { version, kind, name, source, ...rest } = report;
  const content = JSON.stringify([report.fingerprint, report.options, report.split]);
  const id = createHash("sha256").update(content).digest("hex").slice(0, 16);
  const createdAt = new Date().toISOString();
  return { version, kind, id, name, createdAt, source, ...rest, chunks, sheets, names };
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
