// The host as one function from Request to Response, the same in Electron, on a server, in the CLI and in tests.

import { Hono } from "hono";
import { describeFailure } from "./failure.ts";
import { createDatasetRoutes } from "./routes/datasets.ts";
import { runRoutes } from "./routes/runs.ts";
import type { Store } from "./store.ts";

export interface HostDependencies {
  store: Store;
}

/** Every failure, also of unknown addresses, is answered as { code, message, hint }. */
export function createHost({ store }: HostDependencies) {
  const app = new Hono()
    .route("/api/datasets", createDatasetRoutes(store))
    .route("/api/runs", runRoutes({ root: store.home }));
  app.onError((error, c) => {
    const { status, body } = describeFailure(error);
    return c.json(body, status);
  });
  app.notFound((c) =>
    c.json(
      { code: "not-found", message: `There is no ${c.req.method} ${c.req.path}.`, hint: "Check the address." },
      404,
    ),
  );
  return app;
}

export type Host = ReturnType<typeof createHost>;
