// Builds the preload into dist/preload. A sandboxed preload can only be one CommonJS file.
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  ssr: { noExternal: true, external: ["electron"] },
  build: {
    ssr: "electron/preload.ts",
    outDir: "dist/preload",
    emptyOutDir: true,
    target: "node24",
    minify: false,
    rolldownOptions: { output: { format: "cjs", entryFileNames: "preload.cjs" } },
  },
});
