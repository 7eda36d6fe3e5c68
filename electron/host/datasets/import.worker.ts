// The thread in which an import runs: listing, hashing and packing never hold up the host's own event loop.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import type { ImportProgress } from "../../../shared/api/datasets.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { explainFileError } from "../files.ts";
import { type BuildRequest, type BuildResult, buildDataset } from "./build.ts";

export type WorkerMessage =
  | { kind: "progress"; event: ImportProgress }
  | { kind: "result"; result: BuildResult }
  | { kind: "failed"; code: string; message: string; hint: string }
  | { kind: "crashed"; message: string; stack: string };

const PROGRESS_EVERY_MS = 100;
const request = workerData as BuildRequest;
const controller = new AbortController();
const send = (message: WorkerMessage) => parentPort?.postMessage(message);
parentPort?.once("message", () => controller.abort());

/**
 * Each picture leaves a small buffer outside the heap, which the collector does not see growing: left alone it waits
 * until 60,000 pictures hold 50 to 90 MB more than 6,000 do. A collection takes about 30 ms.
 */
const COLLECT_EVERY_IMAGES = 5_000;
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

let sentAt = Number.NEGATIVE_INFINITY;
const onProgress = (event: ImportProgress) => {
  if (event.done % COLLECT_EVERY_IMAGES === 0) collectGarbage();
  if (event.done < event.total && performance.now() - sentAt < PROGRESS_EVERY_MS) return;
  sentAt = performance.now();
  send({ kind: "progress", event });
};

try {
  send({ kind: "result", result: await buildDataset(request, { signal: controller.signal, onProgress }) });
} catch (raw) {
  const error = explainFileError(raw, request.path);
  // Classes do not survive the way between threads.
  if (error instanceof UserError) send({ kind: "failed", code: error.code, message: error.message, hint: error.hint });
  else send({ kind: "crashed", message: String(error), stack: error instanceof Error ? (error.stack ?? "") : "" });
}
parentPort?.close();
