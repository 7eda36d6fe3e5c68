// The built page as answers: the renderer's files with the security headers, under any scheme.
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { UserError } from "../../shared/lib/user-error.ts";
import { describeFailure } from "./failure.ts";
import { resolveInside } from "./files.ts";

/** Mantine writes style elements; workers of bundled libraries start from blobs; ONNX Runtime compiles WebAssembly. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Also what makes the page cross-origin isolated, where the scheme allows it. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": contentSecurityPolicy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

const contentTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
};

/** Answers GET and HEAD from the folder of the renderer's build. The page's own places come after the #. */
export function createPage(folder: string): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      return await answer(folder, request);
    } catch (error) {
      const { status, body } = describeFailure(error);
      return Response.json(body, { status, headers: securityHeaders });
    }
  };
}

async function answer(folder: string, request: Request): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { ...securityHeaders, allow: "GET, HEAD" } });
  }
  const name = nameOf(request.url);
  const path = resolveInside(folder, name);
  const content = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw missing(name, cause);
  });
  return new Response(request.method === "HEAD" ? null : content, {
    headers: {
      ...securityHeaders,
      "content-type": contentTypes[extname(name)] ?? "application/octet-stream",
      "content-length": String(content.byteLength),
      // Vite names what lies in assets/ after its content.
      "cache-control": name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache",
    },
  });
}

/** The file that an address means, relative to the folder. */
function nameOf(url: string): string {
  const { pathname } = new URL(url);
  let name: string;
  try {
    name = decodeURIComponent(pathname).replace(/^\/+/, "");
  } catch {
    throw new UserError("bad-address", `${pathname} is not a well-formed address.`, "Check its percent signs.");
  }
  // Node refuses such a name with an error of its own; Windows reads a backslash as a slash.
  if (name.includes("\0") || name.includes("\\")) {
    throw new UserError("path-outside", `${pathname} is no name of a file here.`, "Use a plain name.");
  }
  return name === "" ? "index.html" : name;
}

function missing(name: string, cause: NodeJS.ErrnoException): UserError {
  if (name === "index.html") {
    return new UserError("page-not-found", "The window's files are not built.", "Run npm run build.", { cause });
  }
  return new UserError("page-not-found", `There is no ${name}.`, "Check the address.", { cause });
}
