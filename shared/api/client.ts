// The host's routes as typed functions, over any fetch: of the browser, of Electron's page, or the host itself.

import { z } from "zod";
import { type DatasetManifest, datasetManifest, type SplitName } from "../data/manifest.ts";
import type { RunEvent } from "../experiment/events.ts";
import type { Picture } from "../experiment/ports.ts";
import { readNdjson } from "../formats/index.ts";
import { UserError } from "../lib/user-error.ts";
import {
  type AdapterIdentity,
  type AdapterNotes,
  adapterFiles,
  adapterNotes,
  adapterNotesAnswer,
} from "./adapter-notes.ts";
import { appInfo } from "./app.ts";
import { type ArtifactSpec, artifactAnswer, artifactBegun, artifactRoom, type Chunk } from "./artifacts.ts";
import {
  adapterList,
  computeState,
  type EstimateRequest,
  estimateAnswer,
  type FollowLine,
  followLine,
  type StartRequest,
} from "./compute.ts";
import {
  type DataSource,
  datasetList,
  datasetUsage,
  earlierSets,
  fileNames,
  type ImageReport,
  type ImportEvent,
  type ImportOptions,
  type ImportPicture,
  type ImportProgress,
  type InspectEvent,
  importEvent,
  inspectEvent,
  type Survey,
  type SurveyEvent,
  surveyEvent,
} from "./datasets.ts";
import { errorBody } from "./failure.ts";
import { type ImageValues, imageValuesSchema, keptStepsSchema, type Nearest, nearestSchema } from "./images.ts";
import { type ResolveRequest, recipeList, resolvedRecipe } from "./recipes.ts";
import {
  checkpointListSchema,
  type EvaluationFile,
  type ExportResult,
  evaluationFileSchema,
  exportEventSchema,
  exportFormatListSchema,
  exportPlanSchema,
  type NewRun,
  openedRunSchema,
  previewListSchema,
  type RunPatch,
  runEventSchema,
  runListSchema,
  runRecordSchema,
  runSummarySchema,
} from "./runs.ts";
import {
  SESSION_HEADER,
  type SessionEnd,
  type SessionNews,
  type SessionRequest,
  sessionAnswer,
  sessionState,
} from "./sessions.ts";
import { storeUsage } from "./store.ts";
import { uploadAnswer } from "./uploads.ts";

export type Client = ReturnType<typeof createClient>;
export type ResultFile = "distilled.safetensors" | "best.safetensors" | "evaluation.json";

interface Call {
  readonly method?: string;
  readonly json?: unknown;
  readonly body?: Uint8Array | Blob;
  readonly signal?: AbortSignal | undefined;
  /** Of a computing Worker: what `beginSession` gave. */
  readonly session?: string | undefined;
  /** Outlives the page. */
  readonly keepalive?: boolean;
}

/** What of a call the caller may leave out. */
export type CallOptions = Pick<Call, "signal">;
export type PartOptions = CallOptions & { readonly at?: number };

/**
 * Every function rejects with a UserError: the host's own { code, message, hint, problems }, or "host-unreachable", or
 * "bad-answer". An abort rejects with the signal's reason. `base` comes before "/api", e.g. "http://127.0.0.1:4173".
 */
export function createClient(fetch: typeof globalThis.fetch, base = "") {
  const url = (path: string, query: Record<string, string | number | undefined> = {}): string => {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
    return `${base}/api${path}${given.size > 0 ? `?${given}` : ""}`;
  };

  const call = async (address: string, options: Call = {}) => {
    const { method = "GET", json, body, signal, session, keepalive } = options;
    const headers: Record<string, string> = {
      ...(json !== undefined && { "content-type": "application/json" }),
      ...(body && { "content-type": "application/octet-stream" }),
      ...(session !== undefined && { [SESSION_HEADER]: session }),
    };
    const content = json === undefined ? (body as Uint8Array<ArrayBuffer> | Blob | undefined) : JSON.stringify(json);
    let response: Response;
    try {
      response = await fetch(address, {
        method,
        headers,
        ...(content !== undefined && { body: content }),
        ...(signal && { signal }),
        ...(keepalive && { keepalive }),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new UserError(
        "host-unreachable",
        "Stillroom's host does not answer.",
        "Check that it still runs; what was computed is safe.",
        { cause },
      );
    }
    if (!response.ok) throw await readFailure(response);
    return response;
  };
  const ask = async <S extends z.ZodType>(schema: S, address: string, options?: Call): Promise<z.output<S>> => {
    const response = await call(address, options);
    const parsed = schema.safeParse(await response.json().catch(() => undefined));
    if (parsed.success) return parsed.data;
    throw badAnswer(address, parsed.error);
  };
  const tell = async (address: string, options: Call): Promise<void> => {
    await (await call(address, options)).body?.cancel();
  };
  const bytes = async (address: string, options?: Call): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await (await call(address, options)).arrayBuffer());
  const lines = async function* <S extends z.ZodType>(
    schema: S,
    address: string,
    options?: Call,
  ): AsyncGenerator<z.output<S>, void, undefined> {
    const { body } = await call(address, options);
    if (!body) return;
    for await (const value of readNdjson(chunksOf(body), { source: address, dropTornEnd: true })) {
      const parsed = schema.safeParse(value);
      if (!parsed.success) throw badAnswer(address, parsed.error);
      yield parsed.data;
    }
  };
  /** The last event of an import, survey or inspection; the others go to `onProgress`. */
  const finish = async <E extends ImportEvent | InspectEvent | SurveyEvent>(
    events: AsyncGenerator<E>,
    onProgress: (event: ImportProgress) => void,
    onPicture?: (event: ImportPicture) => void,
  ): Promise<Extract<E, { type: "done" }>> => {
    for await (const event of events as AsyncGenerator<ImportEvent | InspectEvent | SurveyEvent>) {
      if (event.type === "done") return event as Extract<E, { type: "done" }>;
      if (event.type === "failed") {
        throw new UserError(event.code, event.message, event.hint, { problems: event.problems });
      }
      if (event.type === "picture") onPicture?.(event);
      else onProgress(event);
    }
    throw new UserError("host-unreachable", "The host broke off the import.", "Nothing was stored; try again.");
  };

  const ofDataset = (id: string, rest = "") => url(`/datasets/${encodeURIComponent(id)}${rest}`);
  const runPath = (id: string, rest = "") => `/runs/${encodeURIComponent(id)}${rest}`;
  const ofRun = (id: string, rest = "") => url(runPath(id, rest));
  const ofArtifact = (id: string, rest = "", query: Record<string, string> = {}) =>
    url(`/artifacts/${encodeURIComponent(id)}${rest}`, query);

  return {
    app: (options?: CallOptions) => ask(appInfo, url("/app"), options),
    /** Versions, adapters, limits and the last lines of the log, as text to paste into a report. */
    diagnostics: async () => (await call(url("/diagnostics"))).text(),

    datasets: {
      list: () => ask(datasetList, url("/datasets")),
      get: (id: string): Promise<DatasetManifest> => ask(datasetManifest, ofDataset(id)),
      import: (
        source: DataSource,
        options: ImportOptions,
        onProgress: (event: ImportProgress) => void,
        signal?: AbortSignal,
        onPicture?: (event: ImportPicture) => void,
      ): Promise<{ manifest: DatasetManifest; existing: boolean }> => {
        const call: Call = { method: "POST", json: { ...toRequest(source), options }, signal };
        return finish(lines(importEvent, url("/datasets"), call), onProgress, onPicture);
      },
      /** The dataset that comes with the app. */
      importSample: (
        options: ImportOptions,
        onProgress: (event: ImportProgress) => void,
        signal?: AbortSignal,
        onPicture?: (event: ImportPicture) => void,
      ): Promise<{ manifest: DatasetManifest; existing: boolean }> => {
        const call: Call = { method: "POST", json: { options }, signal };
        return finish(lines(importEvent, url("/datasets/sample"), call), onProgress, onPicture);
      },
      /** What names and headers tell, in a fraction of the time that an import takes. */
      survey: async (
        source: DataSource,
        onProgress: (event: ImportProgress) => void,
        signal?: AbortSignal,
      ): Promise<Survey> => {
        const call: Call = { method: "POST", json: toRequest(source), signal };
        return (await finish(lines(surveyEvent, url("/datasets/survey"), call), onProgress)).survey;
      },
      /** The sets that a new run on this dataset may begin with, the newest first. */
      earlierSets: (id: string) => ask(earlierSets, ofDataset(id, "/sets")),
      inspect: async (
        source: DataSource,
        options: ImportOptions,
        onProgress: (event: ImportProgress) => void,
        signal?: AbortSignal,
      ): Promise<ImageReport> => {
        const call: Call = { method: "POST", json: { ...toRequest(source), options }, signal };
        return (await finish(lines(inspectEvent, url("/datasets/inspect"), call), onProgress)).report;
      },
      rename: (id: string, name: string): Promise<DatasetManifest> =>
        ask(datasetManifest, ofDataset(id), { method: "PATCH", json: { name } }),
      delete: (id: string) => tell(ofDataset(id), { method: "DELETE" }),
      /** Bytes that deleting it frees. */
      measure: async (id: string): Promise<number> => (await ask(datasetUsage, ofDataset(id, "/usage"))).bytes,
      /** Paths in the source of images `from` (included) to `to` (not); empty where they were not kept. */
      fileNames: (id: string, split: SplitName, from: number, to: number, options?: CallOptions) =>
        ask(fileNames, url(`/datasets/${encodeURIComponent(id)}/files/${split}`, { from, to }), options),
      /** Pixels of images `from` (included) to `to` (not): uint8 [images][channels][height][width]. */
      images: (id: string, split: SplitName, from: number, to: number, options?: CallOptions) =>
        bytes(url(`/datasets/${encodeURIComponent(id)}/images/${split}`, { from, to }), options),
      /** The address of a sheet of thumbnails, for an <img>. */
      sheetUrl: (id: string, file: string) => ofDataset(id, `/sheets/${encodeURIComponent(file)}`),
    },

    uploads: {
      /** `name` of the dropped folder or file; `bytes` in all, for which there must be space. */
      begin: (name: string, bytes = 0) => ask(uploadAnswer, url("/uploads"), { method: "POST", json: { name, bytes } }),
      /**
       * A file, or the part of one that begins at byte `at`; parts follow each other. `path` is below the dropped folder,
       * with slashes, and empty for a dropped file itself.
       */
      send: (upload: string, path: string, body: Blob | Uint8Array, { at = 0, ...options }: PartOptions = {}) =>
        tell(url(`/uploads/${encodeURIComponent(upload)}/files`, { path, ...(at > 0 && { at }) }), {
          ...options,
          method: "PUT",
          body,
        }),
      /** Deletes what was sent. `keepalive` for a page that is being left. */
      end: (upload: string, options?: { keepalive: boolean }) =>
        tell(url(`/uploads/${encodeURIComponent(upload)}`), { ...options, method: "DELETE" }),
    },

    recipes: {
      list: () => ask(recipeList, url("/recipes")),
      /** Rejects with a UserError "bad-recipe" whose `problems` name the fields. */
      resolve: (request: ResolveRequest, options?: CallOptions) =>
        ask(resolvedRecipe, url("/recipes/resolve"), { ...options, method: "POST", json: request }),
    },

    runs: {
      list: () => ask(runListSchema, url("/runs")),
      create: (record: NewRun, dir?: string) =>
        ask(openedRunSchema, url("/runs"), { method: "POST", json: { ...(dir !== undefined && { dir }), record } }),
      get: (id: string) => ask(openedRunSchema, ofRun(id)),
      update: (id: string, patch: RunPatch) => ask(runRecordSchema, ofRun(id), { method: "PATCH", json: patch }),
      delete: (id: string) => ask(z.object({ kept: z.array(z.string()) }), ofRun(id), { method: "DELETE" }),

      /** Starts or resumes in the host's child process; UserError "run-active" when it runs or waits already. */
      start: (id: string, request: StartRequest = {}) => tell(ofRun(id, "/start"), { method: "POST", json: request }),
      /** Pauses within a step; resolves when the wish has been passed on. */
      stop: (id: string) => tell(ofRun(id, "/stop"), { method: "POST" }),
      /** Ends the distillation where it is and goes on with the evaluation; also of a run that is paused. */
      finish: (id: string) => tell(ofRun(id, "/finish"), { method: "POST" }),
      estimate: (request: EstimateRequest, options?: CallOptions) =>
        ask(estimateAnswer, url("/runs/estimate"), { ...options, method: "POST", json: request }),

      /** The stored events from number `from` on. */
      events: (id: string, from = 0, options?: CallOptions): AsyncGenerator<RunEvent, void, undefined> =>
        lines(runEventSchema, url(runPath(id, "/events"), { from }), options),
      /** The same, then new events and progress as they come, until `ended`; leaving the loop ends the request. */
      follow: (id: string, from = 0, options?: CallOptions): AsyncGenerator<FollowLine, void, undefined> =>
        lines(followLine, url(runPath(id, "/events"), { from, follow: 1 }), options),
      appendEvents: (id: string, events: readonly RunEvent[], session?: string) =>
        tell(ofRun(id, "/events"), { method: "POST", json: events, session }),

      checkpoints: (id: string) => ask(checkpointListSchema, ofRun(id, "/checkpoints")),
      checkpoint: (id: string, name: string) => bytes(ofRun(id, `/checkpoints/${encodeURIComponent(name)}`)),
      writeCheckpoint: (id: string, name: string, body: Uint8Array, session?: string) =>
        tell(ofRun(id, `/checkpoints/${encodeURIComponent(name)}`), { method: "PUT", body, session }),

      previews: (id: string) => ask(previewListSchema, ofRun(id, "/previews")),
      /** The address of a preview, for an <img>: `file` as in the event or the list. */
      previewUrl: (id: string, file: string) => ofRun(id, `/previews/${encodeURIComponent(file)}`),
      writePreview: (id: string, step: number, { pixels, width, height, channels }: Picture, session?: string) =>
        tell(url(runPath(id, `/previews/${step}`), { width, height, channels }), {
          method: "PUT",
          body: pixels,
          session,
        }),

      /** Steps whose exact values are kept, ascending. */
      keptSteps: async (id: string) => (await ask(keptStepsSchema, ofRun(id, "/images"))).steps,
      /** What the exact values of a step range over; UserError "step-not-kept" where they are not kept. */
      imageValues: (id: string, step: number, options?: CallOptions): Promise<ImageValues> =>
        ask(imageValuesSchema, ofRun(id, `/images/${step}`), options),
      /** The address of a picture like a preview, with the exact values on one linear scale. */
      trainedUrl: (id: string, step: number) => ofRun(id, `/images/${step}.png`),
      /** The real images of its class nearest to a synthetic one; an abort ends the search. */
      nearest: (
        id: string,
        query: { step: number; image: number; count?: number },
        options?: CallOptions,
      ): Promise<Nearest> => ask(nearestSchema, url(runPath(id, "/images/nearest"), query), options),

      distilled: (id: string) => bytes(ofRun(id, "/distilled.safetensors")),
      /** The earlier set that its images begin with, as it was copied into the run. */
      initial: (id: string) => bytes(ofRun(id, "/initial.safetensors")),
      /** Undefined before the run was evaluated. */
      evaluation: async (id: string): Promise<EvaluationFile | undefined> =>
        ask(evaluationFileSchema, ofRun(id, "/evaluation.json")).catch((error: unknown) => {
          if (error instanceof UserError && error.code === "not-found") return undefined;
          throw error;
        }),
      writeFile: (id: string, name: ResultFile, body: Uint8Array, session?: string) =>
        tell(ofRun(id, `/${name}`), { method: "PUT", body, session }),

      /** Takes the run for a Worker of the page: see sessions.ts. */
      beginSession: async (id: string, start: SessionRequest, session?: string): Promise<string> =>
        (await ask(sessionAnswer, ofRun(id, "/session"), { method: "POST", json: start, session })).session,
      /** Tells how it goes, and that the page is still there; the answer says whether to stop. */
      reportSession: (id: string, session: string, news: SessionNews = {}) =>
        ask(sessionState, ofRun(id, "/session"), { method: "PATCH", json: news, session }),
      /** `keepalive`: the page is being closed, and the request is to outlive it. */
      endSession: (id: string, session: string, outcome: SessionEnd, options?: Pick<Call, "keepalive">) =>
        tell(ofRun(id, "/session"), { ...options, method: "PATCH", json: { outcome }, session }),

      summary: (id: string, options?: CallOptions) => ask(runSummarySchema, ofRun(id, "/summary"), options),

      exportFormats: () => ask(exportFormatListSchema, url("/exports/formats")),
      planExport: (id: string, formats: readonly string[], dir?: string) =>
        ask(exportPlanSchema, ofRun(id, "/exports/plan"), { method: "POST", json: { formats, dir } }),
      /** Aborting leaves nothing behind, and an earlier export as it was. */
      export: async (
        id: string,
        formats: readonly string[],
        dir?: string,
        { onProgress, signal }: { onProgress?: (done: number, total: number) => void; signal?: AbortSignal } = {},
      ): Promise<ExportResult> => {
        const call: Call = { method: "POST", json: { formats, dir }, signal };
        for await (const event of lines(exportEventSchema, ofRun(id, "/exports"), call)) {
          if (event.type === "failed") throw new UserError(event.code, event.message, event.hint);
          if (event.type === "done") return { dir: event.dir, tree: event.tree, clipped: event.clipped };
          onProgress?.(event.done, event.total);
        }
        throw new UserError("host-unreachable", "The host broke off the export.", "Nothing was written; try again.");
      },
      /** Deletes the export in the run's own folder, if nobody changed it since. */
      deleteExport: (id: string) => tell(ofRun(id, "/exports"), { method: "DELETE" }),
      /** The address of a zip of the same files, for a download. */
      archiveUrl: (id: string, formats: readonly string[]) =>
        url(runPath(id, "/exports/archive"), { formats: formats.join(",") }),
    },

    artifacts: {
      /** One that is finished. */
      get: (id: string) => ask(artifactAnswer, ofArtifact(id)),
      /** What the disk has free for more. */
      room: () => ask(artifactRoom, url("/artifacts/room")),
      chunk: (id: string, name: string) => bytes(ofArtifact(id, `/chunks/${encodeURIComponent(name)}`)),
      begin: (id: string, spec: ArtifactSpec, bytes: number | undefined) =>
        ask(artifactBegun, ofArtifact(id), { method: "POST", json: { spec, bytes } }),
      write: (
        id: string,
        name: string,
        body: Uint8Array,
        write: { readonly spec: ArtifactSpec; readonly at: number; readonly metrics: Chunk["metrics"] },
      ) =>
        tell(ofArtifact(id, `/chunks/${encodeURIComponent(name)}`, { write: JSON.stringify(write) }), {
          method: "PUT",
          body,
        }),
      delete: (id: string) => tell(ofArtifact(id), { method: "DELETE" }),
      /** The address of a zip of its files, for a download. */
      archiveUrl: (id: string) => ofArtifact(id, "/archive"),
      finish: (id: string, json: { readonly spec: ArtifactSpec; readonly at: number; readonly facts: unknown }) =>
        tell(ofArtifact(id, "/finish"), { method: "POST", json }),
    },

    store: { usage: () => ask(storeUsage, url("/store")) },

    compute: {
      state: (options?: CallOptions) => ask(computeState, url("/compute"), options),
      adapters: () => ask(adapterList, url("/compute/adapters")),
      /** What is remembered of every adapter that was checked. */
      listNotes: () => ask(adapterFiles, url("/compute/notes")),
      findNotes: (identity: AdapterIdentity) =>
        ask(adapterNotesAnswer, url("/compute/notes/find"), { method: "POST", json: identity }),
      addNotes: (identity: AdapterIdentity, notes: AdapterNotes) =>
        ask(adapterNotes, url("/compute/notes"), { method: "PUT", json: { identity, notes } }),
      /** `keepalive`: the page is being closed, and the request is to outlive it. */
      markCheck: (identity: AdapterIdentity, isBegun: boolean, options?: Pick<Call, "keepalive">) =>
        tell(url("/compute/checks"), { ...options, method: "PUT", json: { identity, isBegun } }),
    },
  };
}

const toRequest = (source: DataSource) => (typeof source === "string" ? { path: source } : source);

async function readFailure(response: Response): Promise<UserError> {
  const parsed = errorBody.safeParse(await response.json().catch(() => undefined));
  if (parsed.success) {
    const { code, message, hint, problems } = parsed.data;
    return new UserError(code, message, hint, { problems });
  }
  return new UserError("bad-answer", `The host answered with status ${response.status}.`, "Reload the page.");
}

function badAnswer(address: string, error: z.ZodError): UserError {
  const [{ path, message }] = error.issues;
  return new UserError(
    "bad-answer",
    `The host's answer to ${address} was not understood: ${path.join(".")}: ${message}`,
    "The page and the host may be of different versions: reload the page.",
    { cause: error },
  );
}

/** Not every browser's ReadableStream is iterable; leaving the loop cancels the body, and so the request. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) yield chunk.value;
  } finally {
    await reader.cancel().catch(() => {});
  }
}
