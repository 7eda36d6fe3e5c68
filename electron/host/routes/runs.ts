// The run routes: records and events as JSON, everything large as binary bodies.

import { join } from "node:path";
import { Hono } from "hono";
import {
  appendEventsSchema,
  createRunRequestSchema,
  type ExportEvent,
  evaluationFileSchema,
  exportRequestSchema,
  previewQuerySchema,
  type RunList,
  type RunSummary,
  runPatchSchema,
} from "../../../shared/api/runs.ts";
import { SESSION_HEADER } from "../../../shared/api/sessions.ts";
import { writeNdjson } from "../../../shared/formats/index.ts";
import { type Compute, type ComputeSignal, refuseActive } from "../compute.ts";
import { deleteExport, exportRun, planExport } from "../export/index.ts";
import { fileResponse } from "../file-response.ts";
import { isThisProcess } from "../lock.ts";
import { streamWork } from "../ndjson-response.ts";
import type { PageSessions } from "../page-sessions.ts";
import { badRequest, readBytes, readJson } from "../request.ts";
import {
  appendEvents,
  checkpointPath,
  checkSchema,
  createRun,
  deleteBrokenRun,
  deleteRun,
  findRunOwner,
  listCheckpoints,
  listPreviews,
  listRuns,
  measureRun,
  openRunById,
  PREVIEWS,
  type Run,
  readDatasetOf,
  readEarlierSet,
  readEvents,
  runLockedError,
  settleRun,
  sketchLoss,
  updateRun,
  writeCheckpoint,
  writePreview,
  writeResult,
} from "../runs/index.ts";
import type { Signals } from "../signals.ts";
import type { Store } from "../store.ts";

const BINARY = "application/octet-stream";

export type RunRoutesDependencies = {
  /** The store's folder. */
  readonly root: string;
  /** Where the datasets of unfinished runs are, for their export. */
  readonly store?: Store;
  readonly compute?: Compute | undefined;
  readonly sessions?: PageSessions;
  readonly signals?: Signals<ComputeSignal>;
};

/** Mounted at /api/runs; errors are the host's to answer. */
export function runRoutes({ root, store, compute, sessions, signals }: RunRoutesDependencies) {
  /** The run to be written to: refused while another process, or another page, computes it. */
  const openForWriting = async (id: string, request: Request): Promise<Run> => {
    const run = await openRunById(root, id);
    refuseActive(compute, run.record.id);
    sessions?.check(run.record.id, request.headers.get(SESSION_HEADER) ?? undefined);
    const owner = await findRunOwner(run.path);
    if (owner !== undefined && !isThisProcess(owner)) throw runLockedError(run.path, owner);
    return run;
  };

  return new Hono()
    .get("/", async (c) => {
      const { runs, broken } = await listRuns(root);
      const described = runs.map(async (run) => {
        const { path, record } = await settleRun(run);
        return { path, record, isActive: (await findRunOwner(path)) !== undefined };
      });
      return c.json({ runs: await Promise.all(described), broken } satisfies RunList);
    })
    .post("/", async (c) => {
      const request = await readJson(c.req.raw, createRunRequestSchema);
      const { id, name, dataset } = request.record;
      // Another window may have deleted it since.
      const manifest = store && (await readDatasetOf({ id: id ?? name, dataset }, store));
      const initial = manifest && (await readEarlierSet(store, request.record.recipe, manifest));
      const run = await createRun(root, { ...request, ...(initial && { initial }) });
      return c.json({ path: run.path, record: run.record }, 201);
    })
    .get("/:id", async (c) => {
      const run = await settleRun(await openRunById(root, c.req.param("id")));
      return c.json({ path: run.path, record: run.record });
    })
    .patch("/:id", async (c) => {
      const run = await openForWriting(c.req.param("id"), c.req.raw);
      return c.json(await updateRun(run, await readJson(c.req.raw, runPatchSchema)));
    })
    .delete("/:id", async (c) => {
      const id = c.req.param("id");
      const broken = (await listRuns(root)).broken.find((each) => each.id === id);
      if (broken === undefined) {
        const run = await openRunById(root, id);
        refuseActive(compute, run.record.id);
        sessions?.refuse(run.record.id);
        return c.json(await deleteRun(root, run));
      }
      await deleteBrokenRun(broken);
      return c.json({ kept: [] });
    })

    .get("/:id/summary", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      const [bytes, loss] = await Promise.all([measureRun(root, run), sketchLoss(run)]);
      return c.json({ bytes, loss } satisfies RunSummary);
    })

    .get("/:id/events", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      const from = Number(c.req.query("from") ?? 0);
      if (!Number.isSafeInteger(from) || from < 0)
        throw badRequest(`from=${c.req.query("from")} is not a count of events`);
      return new Response(streamLines(readEvents(run, from)), { headers: { "content-type": "application/x-ndjson" } });
    })
    .post("/:id/events", async (c) => {
      const events = await readJson(c.req.raw, appendEventsSchema);
      const list = Array.isArray(events) ? events : [events];
      const run = await openForWriting(c.req.param("id"), c.req.raw);
      await appendEvents(run, list);
      signals?.send(run.record.id, { type: "written" });
      return c.json({ appended: list.length });
    })

    .get("/:id/checkpoints", async (c) => c.json(await listCheckpoints(await openRunById(root, c.req.param("id")))))
    .get("/:id/checkpoints/:name", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      return fileResponse(c.req.raw, checkpointPath(run, c.req.param("name")), BINARY);
    })
    .put("/:id/checkpoints/:name", async (c) => {
      const run = await openForWriting(c.req.param("id"), c.req.raw);
      await writeCheckpoint(run, c.req.param("name"), await readBytes(c.req.raw));
      return c.body(null, 204);
    })

    .get("/:id/previews", async (c) => c.json(await listPreviews(await openRunById(root, c.req.param("id")))))
    .get("/:id/previews/:file{[0-9]+\\.png}", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      return fileResponse(c.req.raw, join(run.path, PREVIEWS, c.req.param("file")), "image/png");
    })
    .put("/:id/previews/:step{[0-9]{1,15}}", async (c) => {
      const size = checkSchema(previewQuerySchema, c.req.query(), "The preview's size", "bad-request", "");
      const pixels = await readBytes(c.req.raw);
      const expected = size.width * size.height * size.channels;
      if (pixels.length !== expected) throw badRequest(`the preview has ${pixels.length} bytes instead of ${expected}`);
      const run = await openForWriting(c.req.param("id"), c.req.raw);
      return c.json({ file: await writePreview(run, Number(c.req.param("step")), { pixels, ...size }) });
    })

    .get("/:id/:set{(distilled|best|initial)\\.safetensors}", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      return fileResponse(c.req.raw, join(run.path, c.req.param("set")), BINARY);
    })
    .put("/:id/:set{(distilled|best)\\.safetensors}", async (c) => {
      const run = await openForWriting(c.req.param("id"), c.req.raw);
      const name = c.req.param("set") === "best.safetensors" ? "best.safetensors" : "distilled.safetensors";
      await writeResult(run, name, await readBytes(c.req.raw));
      return c.body(null, 204);
    })
    .get("/:id/evaluation.json", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      return fileResponse(c.req.raw, join(run.path, "evaluation.json"), "application/json");
    })
    .put("/:id/evaluation.json", async (c) => {
      const evaluation = await readJson(c.req.raw, evaluationFileSchema);
      const run = await openForWriting(c.req.param("id"), c.req.raw);
      await writeResult(run, "evaluation.json", `${JSON.stringify(evaluation, null, 2)}\n`);
      return c.body(null, 204);
    })

    .post("/:id/exports/plan", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      return c.json(await planExport(run, { ...(await readJson(c.req.raw, exportRequestSchema)), store }));
    })
    .post("/:id/exports", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      const options = await readJson(c.req.raw, exportRequestSchema);
      return streamWork<ExportEvent>(
        c.req.raw,
        async (send, signal) => {
          const onProgress = (done: number, total: number) => send({ type: "progress", done, total });
          send({ type: "done", ...(await exportRun(run, { ...options, store }, { onProgress, signal })) });
        },
        ({ code, message, hint }) => ({ type: "failed", code, message, hint }),
      );
    })
    .delete("/:id/exports", async (c) => {
      await deleteExport(await openRunById(root, c.req.param("id")));
      return c.body(null, 204);
    });
}

function streamLines(values: AsyncGenerator<unknown>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await values.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(writeNdjson([value])));
    },
    async cancel() {
      await values.return(undefined);
    },
  });
}
