// The built window as answers, under any scheme: its files with what they may do, and words where they are missing.
import { pageHeaders } from "./page-headers.ts";
import { serveStatic } from "./static-files.ts";

/** Answers GET and HEAD from the folder of the renderer's build. */
export function createPage(folder: string): (request: Request) => Promise<Response> {
  return async (request) => {
    const response = await answer(folder, request);
    for (const [name, value] of Object.entries(pageHeaders)) response.headers.set(name, value);
    return response;
  };
}

async function answer(folder: string, request: Request): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const file = await serveStatic(folder, request);
  if (file) return file;
  const { pathname } = new URL(request.url);
  const text = pathname === "/" ? "The window is not built: run npm run build." : `There is no ${pathname}.`;
  return new Response(text, { status: 404, headers: { "content-type": "text/plain; charset=utf-8" } });
}
