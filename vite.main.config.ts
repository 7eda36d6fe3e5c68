// Builds what runs in Electron's Node, the main process and what it starts, into dist/electron. All but native packages is bundled.
import { basename, dirname, resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

/** Builds each `new URL("./x.ts", import.meta.url)`, a worker's or a child process's file, and points the URL at the result. */
function buildLinkedModules(): Plugin {
  return {
    name: "build-linked-modules",
    transform(code, id) {
      const linked = code.replace(/new URL\("(\.[^"]+\.ts)", import\.meta\.url\)/g, (_whole, file: string) => {
        const fileName = basename(file).replace(/\.ts$/, ".js");
        this.emitFile({ type: "chunk", id: resolve(dirname(id), file), fileName });
        return `new URL("./${fileName}", import.meta.url)`;
      });
      return linked === code ? null : { code: linked, map: null };
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [buildLinkedModules()],
  publicDir: false,
  ssr: { noExternal: true, external: ["electron", "sharp", "webgpu", "onnxruntime-node"] },
  build: {
    ssr: "electron/main.ts",
    outDir: "dist/electron",
    emptyOutDir: true,
    target: "node24",
    sourcemap: true,
    minify: false,
    // All in one folder, so that a URL relative to a module holds wherever the bundler puts the module.
    rolldownOptions: { output: { chunkFileNames: "[name]-[hash].js" } },
  },
});
