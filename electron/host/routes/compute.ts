// Computing over HTTP: runs started, stopped and followed, estimates, adapters, and the sessions of pages' Workers.

import { Hono } from "hono";
import {
  type AdapterIdentity,
  adapterCheckUpdate,
  adapterIdentity,
  adapterNotesUpdate,
} from "../../../shared/api/adapter-notes.ts";
import { type ComputeState, estimateRequest, type FollowLine, startRequest } from "../../../shared/api/compute.ts";
import { SESSION_HEADER, sessionPatch, sessionRequest } from "../../../shared/api/sessions.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { addAdapterNotes, listAdapterNotes, readAdapterNotes } from "../adapter-notes.ts";
import { beginCheck, endCheck, findUnfinished, listUnfinished } from "../check-marks.ts";
import { type Compute, type ComputeSignal, refuseActive } from "../compute.ts";
import { streamNdjson } from "../ndjson-response.ts";
import type { PageSessions } from "../page-sessions.ts";
import { badRequest, readJson } from "../request.ts";
import { findRunOwner, followRun, openRunById, type Run, runLockedError } from "../runs/index.ts";

export interface ComputeRoutesDependencies {
  /** The store's folder. */
  readonly root: string;
  readonly compute: Compute | undefined;
  readonly sessions: PageSessions;
}

/** Mounted at /api/compute. */
export function createComputeRoutes({
  root,
  compute,
  sessions,
  version,
}: ComputeRoutesDependencies & { readonly version: string }) {
  return (
    new Hono()
      .get("/", (c) => c.json(describeComputing(compute, sessions)))
      .get("/adapters", async (c) =>
        c.json(await requireCompute(compute).adapters({ measure: c.req.query("measure") === "1" })),
      )
      .get("/notes", async (c) =>
        c.json({
          adapters: await listAdapterNotes(root, version),
          unfinished: await listUnfinished(root, version),
        }),
      )
      // By POST, since a driver's description is no part of an address.
      .post("/notes/find", async (c) => {
        const identity: AdapterIdentity = await readJson(c.req.raw, adapterIdentity);
        const { notes = null, problem } = await readAdapterNotes(root, version, identity);
        const unfinished = await findUnfinished(root, version, identity);
        return c.json({ notes, ...(unfinished && { unfinished }), ...(problem && { problem }) });
      })
      .put("/notes", async (c) => {
        const { identity, notes } = await readJson(c.req.raw, adapterNotesUpdate);
        return c.json(await addAdapterNotes(root, version, identity, notes));
      })
      .put("/checks", async (c) => {
        const { identity, isBegun } = await readJson(c.req.raw, adapterCheckUpdate);
        await (isBegun ? beginCheck(root, version, identity) : endCheck(root, identity));
        return c.json({});
      })
  );
}

/** Everything that is computed now, by the child or by pages. */
export function describeComputing(compute: Compute | undefined, sessions: PageSessions): ComputeState {
  const { running, queue } = compute?.state() ?? { running: null, queue: [] };
  const [first = null, ...others] = [...(running ? [running] : []), ...sessions.running()];
  return { running: first, alsoRunning: others, queue: [...queue] };
}

/** Mounted at /api/runs, before the routes of stored runs: /events without `follow` is theirs. */
export function createRunComputeRoutes({ root, compute, sessions }: ComputeRoutesDependencies) {
  const isActive = async ({ path, record }: Run) =>
    compute?.isActive(record.id) || sessions.has(record.id) || (await findRunOwner(path)) !== undefined;
  return new Hono()
    .post("/estimate", async (c) => {
      const request = await readJson(c.req.raw, estimateRequest);
      if (sessions.running().length > 0) {
        throw new UserError(
          "compute-busy",
          "A window computes a run now: an estimate would be too long.",
          "Wait for its end, or pause it.",
        );
      }
      return c.json(await requireCompute(compute).estimate(request, c.req.raw.signal));
    })
    .post("/:id/start", async (c) => {
      const request = await readJson(c.req.raw, startRequest);
      const run = await openRunById(root, c.req.param("id"));
      if (run.record.status === "done") throw runDoneError(run);
      sessions.refuse(run.record.id);
      const owner = await findRunOwner(run.path);
      if (owner !== undefined && !compute?.isActive(run.record.id)) throw runLockedError(run.path, owner);
      requireCompute(compute).start(run.record.id, request);
      return c.json({}, 202);
    })
    .post("/:id/stop", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      if (!sessions.stop(run.record.id)) requireCompute(compute).stop(run.record.id);
      return c.json({}, 202);
    })
    .post("/:id/finish", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      if (run.record.status === "done") throw runDoneError(run);
      if (sessions.finish(run.record.id)) return c.json({}, 202);
      const active = requireCompute(compute);
      if (active.isActive(run.record.id)) active.finish(run.record.id);
      else {
        const owner = await findRunOwner(run.path);
        if (owner !== undefined) throw runLockedError(run.path, owner);
        active.start(run.record.id, { finish: true });
      }
      return c.json({}, 202);
    })
    .get("/:id/events", async (c, next) => {
      if (c.req.query("follow") !== "1") return next();
      const from = Number(c.req.query("from") ?? 0);
      if (!Number.isSafeInteger(from) || from < 0) {
        throw badRequest(`from=${c.req.query("from")} is not a count of events`);
      }
      const id = c.req.param("id");
      await openRunById(root, id);
      const subscribe = (listener: (signal: ComputeSignal) => void) => {
        const ends = [compute?.follow(id, listener), sessions.follow(id, listener)];
        return () => {
          for (const end of ends) end?.();
        };
      };
      return streamNdjson<FollowLine>(
        c.req.raw,
        (signal) => followRun({ from, open: () => openRunById(root, id), isActive, subscribe, signal }),
        ({ code, message, hint }) => ({ type: "ended", status: "failed", error: { code, message, hint } }),
      );
    })
    .post("/:id/session", async (c) => {
      const start = await readJson(c.req.raw, sessionRequest);
      const run = await openRunById(root, c.req.param("id"));
      refuseActive(compute, run.record.id);
      return c.json({ session: await sessions.begin(run, start, c.req.header(SESSION_HEADER)) }, 201);
    })
    .patch("/:id/session", async (c) => {
      const { outcome, ...news } = await readJson(c.req.raw, sessionPatch);
      const id = c.req.param("id");
      const session = c.req.header(SESSION_HEADER);
      const state = sessions.report(id, session, news);
      if (outcome) await sessions.end(id, session, outcome);
      return c.json(state);
    });
}

const runDoneError = ({ record }: Run) =>
  new UserError("run-done", `The run "${record.id}" is done.`, "Duplicate it to run it again.");

function requireCompute(compute: Compute | undefined): Compute {
  if (compute) return compute;
  throw new UserError("no-compute", "This host does not compute by itself.", "Compute in the window.");
}
