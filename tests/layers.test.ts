// Who may import whom: the table, checked against every import statement.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");

interface Layer {
  readonly layers: readonly string[];
  /** Packages and `node:` modules; "node:*" stands for all of Node's. */
  readonly packages: readonly string[];
}

const core = [
  "shared/lib",
  "shared/formats",
  "shared/engine",
  "shared/nn",
  "shared/data",
  "shared/methods",
  "shared/evaluation",
  "shared/recipe",
  "shared/experiment",
  "shared/bench",
  "shared/api",
];

/** The desktop's own files. Those of the first list are the only ones that know Electron. */
const electronFiles = ["main", "window", "menu", "dialogs", "protocol", "preload", "utility"].map(
  (name) => `electron/${name}.ts`,
);
const plainFiles = ["state", "awake"].map((name) => `electron/${name}.ts`);
const desktop = [...electronFiles, ...plainFiles, "shared/api", "shared/lib", "electron/host", "electron/compute"];

/** The longest matching folder or file decides. */
const layers: Record<string, Layer> = {
  "shared/lib": { layers: [], packages: [] },
  "shared/formats": { layers: ["shared/lib"], packages: [] },
  "shared/engine": { layers: ["shared/lib"], packages: [] },
  "shared/nn": { layers: ["shared/engine", "shared/lib"], packages: ["zod"] },
  "shared/data": { layers: ["shared/engine", "shared/formats", "shared/lib"], packages: ["zod"] },
  "shared/methods": { layers: ["shared/nn", "shared/data", "shared/engine", "shared/lib"], packages: ["zod"] },
  "shared/evaluation": { layers: ["shared/nn", "shared/data", "shared/engine", "shared/lib"], packages: [] },
  "shared/recipe": {
    layers: ["shared/methods", "shared/nn", "shared/evaluation", "shared/data", "shared/lib"],
    packages: ["zod"],
  },
  "shared/experiment": {
    layers: core.filter((name) => name !== "shared/bench" && name !== "shared/api"),
    packages: ["zod"],
  },
  "shared/bench": { layers: core, packages: [] },
  "shared/api": {
    layers: ["shared/recipe", "shared/lib", "shared/data", "shared/experiment", "shared/formats"],
    packages: ["zod"],
  },
  "electron/host": {
    layers: ["shared/api", "shared/recipe", "shared/data", "shared/formats", "shared/lib"],
    packages: ["node:*", "hono", "zod", "sharp", "@zip.js/zip.js"],
  },
  "electron/compute": {
    layers: [...core, "electron/host"],
    packages: ["node:*", "onnxruntime-node", "webgpu", "zod", "package.json"],
  },
  "electron/server": {
    layers: ["shared/api", "shared/lib", "electron/host", "electron/compute"],
    packages: ["node:*", "hono", "@hono/node-server"],
  },
  // The engine stays out of what the page loads at its start: the window knows the Worker by its client alone.
  "renderer/worker": {
    layers: [
      "renderer/worker/messages.ts",
      "shared/experiment",
      "shared/engine",
      "shared/api",
      "shared/lib",
      "shared/data",
    ],
    packages: ["onnxruntime-web"],
  },
  "renderer/worker/client.ts": {
    layers: ["renderer/worker/window-compute.ts", "renderer/worker/messages.ts", "shared/api"],
    packages: [],
  },
  "renderer/worker/window-compute.ts": {
    layers: ["renderer/worker/messages.ts", "shared/api", "shared/lib"],
    packages: [],
  },
  "renderer/worker/messages.ts": { layers: ["shared/api"], packages: [] },
  renderer: {
    layers: ["shared/api", "shared/recipe", "shared/lib", "renderer/worker/client.ts"],
    packages: ["react", "react-dom", "zustand", "recharts", "@mantine/core", "@mantine/hooks", "@tabler/icons-react"],
  },
  "electron/cli": {
    layers: [...core, "electron/host", "electron/compute", "electron/server"],
    packages: ["node:*", "commander", "onnxruntime-node", "zod", "package.json"],
  },
  ...Object.fromEntries(electronFiles.map((file) => [file, { layers: desktop, packages: ["node:*", "electron"] }])),
  ...Object.fromEntries(plainFiles.map((file) => [file, { layers: desktop, packages: ["node:*", "zod"] }])),
  // Of a checkout only: what npm start and npm run build run.
  "electron/start.ts": {
    layers: ["electron/cli", "electron/build.ts", "electron/electron-program.ts"],
    packages: ["node:*"],
  },
  "electron/electron-program.ts": { layers: [], packages: ["node:*"] },
  "electron/build.ts": { layers: [], packages: ["node:*", "vite"] },
};

function listSources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"));
}

const layerOf = (path: string): string | undefined =>
  Object.keys(layers)
    .filter((name) => path === name || path.startsWith(`${name}/`))
    .sort((a, b) => b.length - a.length)[0];

function listImports(path: string): string[] {
  const text = readFileSync(join(root, path), "utf8");
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^;"']*?from\s+["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g,
    ),
  ].map((match) => match[1] ?? match[2]);
}

/** What is wrong with one import, if anything. */
function judge(path: string, specifier: string): string | undefined {
  const from = layerOf(path);
  if (!from) return `${path} lies in no layer of the table`;
  const allowed = layers[from];
  if (!specifier.startsWith(".")) {
    const isAllowed = allowed.packages.some(
      (name) =>
        specifier === name || specifier.startsWith(`${name}/`) || (name === "node:*" && specifier.startsWith("node:")),
    );
    return isAllowed ? undefined : `${path} imports the package ${specifier}, which ${from} may not`;
  }
  const target = relative(root, resolve(root, dirname(path), specifier))
    .split(sep)
    .join("/");
  if (target === "package.json" && allowed.packages.includes(target)) return undefined;
  const to = layerOf(target);
  if (to === from) return undefined;
  return to && allowed.layers.includes(to) ? undefined : `${path} imports ${target}, which ${from} may not`;
}

test("every import follows the table of layers", () => {
  const sources = ["shared", "electron", "renderer"].flatMap(listSources);
  expect(sources.length).toBeGreaterThan(50);
  const problems = sources.flatMap((path) => listImports(path).flatMap((specifier) => judge(path, specifier) ?? []));
  expect(problems).toEqual([]);
});

test("the table refuses what it should", () => {
  expect(judge("shared/engine/grad.ts", "../nn/net.ts")).toMatch(/shared\/engine may not/);
  expect(judge("shared/methods/dm.ts", "../evaluation/protocols.ts")).toMatch(/may not/);
  expect(judge("shared/lib/random.ts", "node:fs")).toMatch(/package node:fs/);
  expect(judge("electron/host/app.ts", "../../shared/engine/index.ts")).toMatch(/may not/);
  expect(judge("electron/host/app.ts", "electron")).toMatch(/package electron/);
  expect(judge("electron/state.ts", "electron")).toMatch(/package electron/);
  expect(judge("electron/other.ts", "electron")).toMatch(/no layer/);
  expect(judge("renderer/app.tsx", "../shared/engine/index.ts")).toMatch(/may not/);
  expect(judge("renderer/host.ts", "./worker/tasks.ts")).toMatch(/may not/);
  expect(judge("renderer/host.ts", "./worker/client.ts")).toBeUndefined();
  expect(judge("renderer/host.ts", "node:fs")).toMatch(/package node:fs/);
  expect(judge("shared/nn/init.ts", "../engine/index.ts")).toBeUndefined();
});
