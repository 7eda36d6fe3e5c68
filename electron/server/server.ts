// The host over HTTP, for browsers: on this machine's loopback only, behind a token.

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import type { StartRequest } from "../../shared/api/compute.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { createChildCompute } from "../compute/child-compute.ts";
import type { SpawnChild } from "../compute/transport.ts";
import { createHost } from "../host/app.ts";
import type { Log } from "../host/log.ts";
import { pageHeaders } from "../host/page-headers.ts";
import { serveStatic } from "../host/static-files.ts";
import type { Store } from "../host/store.ts";
import { bodyLimit } from "./body-limit.ts";
import { createToken, guard, TOKEN_PARAMETER } from "./guard.ts";
import { notBuiltPage } from "./pages.ts";

export interface ServerOptions {
  readonly store: Store;
  readonly version: string;
  readonly log: Log;
  /** The built window, with its index.html. */
  readonly renderer: string;
  /** Without one, the usual port, or a free one where that is taken. */
  readonly port?: number | undefined;
  /** What computes where a request does not say. */
  readonly defaults?: Pick<StartRequest, "backend" | "adapter" | "memoryLimit"> | undefined;
  readonly spawn?: SpawnChild | undefined;
}

export interface RunningServer {
  /** With the token. */
  readonly url: string;
  readonly port: number;
  /** Stops what is computed within a step, then ends. */
  close(): Promise<void>;
}

const ADDRESS = "127.0.0.1";
const USUAL_PORT = 4747;
/** For answers that are nearly through when the server ends. */
const LINGER_MS = 1000;

/** Throws UserError "port-taken". */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { store, version, log, renderer, defaults, spawn } = options;
  const compute = createChildCompute({ home: store.home, log, defaults, spawn });
  const host = createHost({ store, version, kind: "server", compute, log });
  const token = createToken();
  const app = new Hono()
    .use(async (c, next) => {
      await next();
      for (const [name, value] of Object.entries(pageHeaders)) c.res.headers.set(name, value);
    })
    .use(guard(token))
    .use(bodyLimit)
    .all("/api/*", (c) => host.fetch(c.req.raw))
    .get("*", async (c) => {
      const file = await serveStatic(renderer, c.req.raw);
      if (file) return file;
      return c.req.path === "/" ? c.html(notBuiltPage) : c.notFound();
    });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const port = await listen(server, options.port);
  log.write(`listening on ${ADDRESS}:${port}`);
  return {
    url: `http://${ADDRESS}:${port}/?${TOKEN_PARAMETER}=${token}`,
    port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await compute.dispose();
      await host.dispose();
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), LINGER_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function listen(server: Server, wanted: number | undefined): Promise<number> {
  try {
    return await listenOn(server, wanted ?? USUAL_PORT);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    if (wanted === undefined) return listenOn(server, 0);
    const problem = code === "EACCES" ? "may not be used by you" : "is taken by another program";
    throw new UserError("port-taken", `Port ${wanted} ${problem}.`, "Choose another with --port, or leave it out.");
  }
}

function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, ADDRESS, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
