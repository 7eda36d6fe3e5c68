// The thread in which an import runs: listing, hashing and packing never hold up the host's own event loop.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import type { ImportPicture, ImportProgress, Survey } from "../../../shared/api/datasets.ts";
import { type FieldProblem, UserError } from "../../../shared/lib/user-error.ts";
import { explainFileError } from "../files.ts";
import { type BuildRequest, type BuildResult, buildDataset } from "./build.ts";
import { type SurveyRequest, surveyDataset } from "./survey.ts";

export type WorkerRequest = BuildRequest | SurveyRequest;
export type WorkerResult = BuildResult | { kind: "surveyed"; survey: Survey };

export type WorkerMessage =
  | { kind: "progress"; event: ImportProgress }
  | { kind: "picture"; event: ImportPicture }
  | { kind: "result"; result: WorkerResult }
  | {
      kind: "failed";
      code: string;
      message: string;
      hint: string;
      problems: readonly FieldProblem[] | undefined;
    }
  | { kind: "crashed"; message: string; stack: string };

const PROGRESS_EVERY_MS = 100;
const request = workerData as WorkerRequest;
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

const onPicture = (event: ImportPicture) => send({ kind: "picture", event });

async function work(): Promise<WorkerResult> {
  const context = { signal: controller.signal, onProgress, onPicture };
  if (request.kind === "build") return buildDataset(request, context);
  return { kind: "surveyed", survey: await surveyDataset(request, context) };
}

try {
  send({ kind: "result", result: await work() });
} catch (raw) {
  const error = explainFileError(raw, request.path);
  // Classes do not survive the way between threads.
  if (error instanceof UserError) {
    const { code, message, hint, problems } = error;
    send({ kind: "failed", code, message, hint, problems });
  } else send({ kind: "crashed", message: String(error), stack: error instanceof Error ? (error.stack ?? "") : "" });
}
parentPort?.close();
