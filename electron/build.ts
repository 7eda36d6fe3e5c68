// Builds the app's parts into dist: node electron/build.ts. A part is built again only where its sources are newer.
import { readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** In the order in which they are built; each has its `vite.<part>.config.ts`. */
const parts = ["main", "preload", "renderer"] as const;
export type Part = (typeof parts)[number];

const sources = ["shared", "electron", "renderer", "package-lock.json"];

/** Builds what is missing or older than its sources. Prints only what Vite warns of. */
export async function buildParts(wanted: readonly Part[] = parts, { isForced = false } = {}): Promise<void> {
  const changedAt = Math.max(...(await Promise.all(sources.map((source) => newest(join(root, source))))));
  for (const part of wanted) {
    const config = join(root, `vite.${part}.config.ts`);
    // Beside the output and not in it: Vite empties that folder.
    const stamp = join(root, "dist", `.${part}.built`);
    const builtAt = await modifiedAt(stamp);
    if (!isForced && builtAt > Math.max(changedAt, await modifiedAt(config))) continue;
    // Of the build's start: what changes while it runs is newer.
    const startedAt = new Date();
    const { build } = await import("vite");
    await build({ configFile: config, logLevel: "warn" });
    await writeFile(stamp, "");
    await utimes(stamp, startedAt, startedAt);
  }
}

const modifiedAt = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;

/** The latest change below a path; a removed file shows in its folder's time. */
async function newest(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = [path, ...entries.map((entry) => join(entry.parentPath, entry.name))];
  return Math.max(...(await Promise.all(paths.map(modifiedAt))));
}

if (import.meta.main) await buildParts(parts, { isForced: true });
