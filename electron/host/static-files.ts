// The files of the built window: index.html for every page, everything else by its name.

import { realpath, stat } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { fileResponse } from "./file-response.ts";
import { isInside } from "./files.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".woff": "font/woff",
  ".wasm": "application/wasm",
  ".zip": "application/zip",
  ".txt": "text/plain; charset=utf-8",
};

/** Undefined where there is no such file, and where the folder has no index.html. Names never lead out of `folder`. */
export async function serveStatic(folder: string, request: Request): Promise<Response | undefined> {
  let name: string;
  try {
    name = decodeURIComponent(new URL(request.url).pathname);
  } catch {
    return undefined;
  }
  if (name.includes("\0")) return undefined;
  const isPage = extname(name) === "";
  const file = await findFile(folder, isPage ? "index.html" : name);
  if (file === undefined) return undefined;
  const response = await fileResponse(request, file, types[extname(file)] ?? "application/octet-stream");
  // Vite names what lies in assets/ after its content.
  if (name.startsWith("/assets/")) response.headers.set("cache-control", "max-age=31536000, immutable");
  return response;
}

/** The real path, so that a link does not lead out either. */
async function findFile(folder: string, name: string): Promise<string | undefined> {
  const path = join(resolve(folder), name);
  if (!isInside(resolve(folder), path)) return undefined;
  try {
    const [root, real] = await Promise.all([realpath(folder), realpath(path)]);
    return isInside(root, real) && (await stat(real)).isFile() ? real : undefined;
  } catch {
    return undefined;
  }
}
