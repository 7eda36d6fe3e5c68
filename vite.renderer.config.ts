// Builds the page into dist/renderer; in development it is served with the real host beside it.
import { getRequestListener } from "@hono/node-server";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import packageJson from "./package.json" with { type: "json" };

/** Development only: /api is answered by the host itself, on the store of STILLROOM_HOME. */
function serveHost(): Plugin {
  return {
    name: "stillroom-host",
    apply: "serve",
    async configureServer(server) {
      // Read only here: the build needs nothing of the host.
      const { createChildCompute } = await import("./electron/compute/child-compute.ts");
      const { createHost } = await import("./electron/host/app.ts");
      const { createLog } = await import("./electron/host/log.ts");
      const { openStore } = await import("./electron/host/store.ts");
      const store = await openStore();
      const log = createLog();
      const compute = createChildCompute({ home: store.home, log });
      const host = createHost({ store, version: packageJson.version, kind: "server", compute, log });
      const listener = getRequestListener(host.fetch, { overrideGlobalObjects: false });
      server.middlewares.use((request, response, next) => {
        if (!request.url?.startsWith("/api/")) return next();
        // There is no token here, so a page of another site must not get through with a request that needs no leave.
        const site = request.headers["sec-fetch-site"] ?? "none";
        if (site === "same-origin" || site === "none") return void listener(request, response);
        response.writeHead(403).end("Only the page of this server may ask its host.");
      });
      server.httpServer?.on("close", () => {
        host.dispose();
        compute.dispose(1000);
      });
    },
  };
}

/** Without the warning that a plugin took its share of a build, which on a busy machine is any. */
const quiet = { checks: { pluginTimings: false } };

export default defineConfig({
  root: "renderer",
  base: "./",
  plugins: [react(), serveHost()],
  build: {
    outDir: "../dist/renderer",
    emptyOutDir: true,
    // Fonts as files: the page's policy has no data: fonts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: quiet,
  },
  // The Worker loads ONNX Runtime only when it is to compute on the CPU.
  worker: { format: "es", rolldownOptions: quiet },
  // In development, too, its files are served as they are.
  optimizeDeps: { exclude: ["onnxruntime-web"] },
  server: { host: "127.0.0.1" },
});
