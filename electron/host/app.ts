// The host as one function from Request to Response, the same in Electron, on a server, in the CLI and in tests.

import { Hono } from "hono";
import type { AppInfo } from "../../shared/api/app.ts";
import type { Compute, ComputeSignal } from "./compute.ts";
import { describeSystem } from "./diagnostics.ts";
import { describeFailure } from "./failure.ts";
import type { Log } from "./log.ts";
import { createPageSessions } from "./page-sessions.ts";
import { createArchiveRoutes } from "./routes/archive.ts";
import { createArtifactRoutes } from "./routes/artifacts.ts";
import { createComputeRoutes, createRunComputeRoutes, describeComputing } from "./routes/compute.ts";
import { createDatasetRoutes } from "./routes/datasets.ts";
import { createExportRoutes } from "./routes/exports.ts";
import { createImageRoutes } from "./routes/images.ts";
import { createRecipeRoutes } from "./routes/recipes.ts";
import { runRoutes } from "./routes/runs.ts";
import { createStoreRoutes } from "./routes/store.ts";
import { createUploadRoutes } from "./routes/uploads.ts";
import { hasSample } from "./sample.ts";
import { createSignals } from "./signals.ts";
import type { Store } from "./store.ts";
import { createUploads } from "./uploads.ts";

export interface HostDependencies {
  readonly store: Store;
  readonly version?: string;
  readonly kind?: AppInfo["host"];
  /** Who computes for the host; without it only pages' Workers do. */
  readonly compute?: Compute | undefined;
  readonly log?: Log | undefined;
}

/** Every failure, also of unknown addresses, is answered as { code, message, hint }. */
export function createHost({ store, version = "0", kind = "server", compute, log }: HostDependencies) {
  const root = store.home;
  const signals = createSignals<ComputeSignal>();
  const sessions = createPageSessions(signals);
  const uploads = createUploads(store);
  const info: AppInfo = {
    version,
    host: kind,
    platform: process.platform,
    storePath: root,
    hasSample: hasSample(),
    computeChild: compute !== undefined,
  };
  const app = new Hono()
    .get("/api/app", (c) => c.json(info))
    .get("/api/diagnostics", async (c) => c.text(await describeSystem({ version, home: root, compute, log })))
    .route("/api/datasets", createDatasetRoutes(store, uploads))
    .route("/api/uploads", createUploadRoutes(uploads))
    .route("/api/artifacts", createArtifactRoutes(store))
    .route("/api/store", createStoreRoutes(store))
    .route("/api/exports", createExportRoutes())
    .route("/api/recipes", createRecipeRoutes(store))
    .route("/api/compute", createComputeRoutes({ root, compute, sessions, version }))
    .route("/api/runs", createRunComputeRoutes({ root, compute, sessions }))
    .route("/api/runs", createImageRoutes(store))
    .route("/api/runs", createArchiveRoutes(store))
    .route("/api/runs", runRoutes({ root, store, compute, sessions, signals }));
  app.onError((error, c) => {
    const { status, body } = describeFailure(error);
    if (status === 500) log?.write(`${c.req.method} ${c.req.path}: ${error.stack ?? error.message}`);
    return c.json(body, status);
  });
  app.notFound((c) =>
    c.json(
      { code: "not-found", message: `There is no ${c.req.method} ${c.req.path}.`, hint: "Check the address." },
      404,
    ),
  );
  return Object.assign(app, {
    computing: () => describeComputing(compute, sessions),
    dispose: () => Promise.all([sessions.dispose(), uploads.dispose()]),
  });
}

export type Host = ReturnType<typeof createHost>;
