// Computing over HTTP: runs started, stopped and followed, estimates, adapters, and the sessions of pages' Workers.

import { Hono } from "hono";
import { type ComputeState, estimateRequest, type FollowLine, startRequest } from "../../../shared/api/compute.ts";
import { SESSION_HEADER, sessionPatch, sessionRequest } from "../../../shared/api/sessions.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import type { Compute, ComputeSignal } from "../compute.ts";
import { streamNdjson } from "../ndjson-response.ts";
import type { PageSessions } from "../page-sessions.ts";
import { badRequest, readJson } from "../request.ts";
import { findRunOwner, followRun, openRunById, type Run, runLockedError } from "../runs/index.ts";
import type { Signals } from "../signals.ts";

export interface ComputeRoutesDependencies {
  /** The store's folder. */
  readonly root: string;
  readonly compute: Compute | undefined;
  readonly sessions: PageSessions;
  readonly signals: Signals<ComputeSignal>;
}

/** Mounted at /api/compute. */
export function createComputeRoutes({ compute }: Pick<ComputeRoutesDependencies, "compute">) {
  return new Hono()
    .get("/", (c) => c.json(compute?.state() ?? ({ running: null, queue: [] } satisfies ComputeState)))
    .get("/adapters", async (c) =>
      c.json(await requireCompute(compute).adapters({ measure: c.req.query("measure") === "1" })),
    );
}

/** Mounted at /api/runs, before the routes of stored runs: /events without `follow` is theirs. */
export function createRunComputeRoutes({ root, compute, sessions, signals }: ComputeRoutesDependencies) {
  const isActive = async ({ path, record }: Run) =>
    compute?.isActive(record.id) || sessions.has(record.id) || (await findRunOwner(path)) !== undefined;
  return new Hono()
    .post("/estimate", async (c) => {
      const request = await readJson(c.req.raw, estimateRequest);
      return c.json(await requireCompute(compute).estimate(request, c.req.raw.signal));
    })
    .post("/:id/start", async (c) => {
      const request = await readJson(c.req.raw, startRequest);
      const run = await openRunById(root, c.req.param("id"));
      if (run.record.status === "done") throw runDoneError(run);
      const owner = await findRunOwner(run.path);
      if (owner !== undefined && !compute?.isActive(run.record.id)) throw runLockedError(run.path, owner);
      requireCompute(compute).start(run.record.id, request);
      return c.json({}, 202);
    })
    .post("/:id/stop", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      requireCompute(compute).stop(run.record.id);
      return c.json({}, 202);
    })
    .post("/:id/finish", async (c) => {
      const run = await openRunById(root, c.req.param("id"));
      if (run.record.status === "done") throw runDoneError(run);
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
        const ends = [compute?.follow(id, listener), signals.listen(id, listener)];
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
      return c.json({ session: await sessions.begin(run, start) }, 201);
    })
    .patch("/:id/session", async (c) => {
      const { outcome } = await readJson(c.req.raw, sessionPatch);
      const id = c.req.param("id");
      const session = c.req.header(SESSION_HEADER);
      if (outcome) await sessions.end(id, session, outcome);
      else sessions.check(id, session ?? "");
      return c.json({});
    });
}

const runDoneError = ({ record }: Run) =>
  new UserError("run-done", `The run "${record.id}" is done.`, "Duplicate it to run it again.");

function requireCompute(compute: Compute | undefined): Compute {
  if (compute) return compute;
  throw new UserError("no-compute", "This host does not compute by itself.", "Compute in the window.");
}
