// A file as a response body, whole or in the one range that the request asks for (RFC 9110, section 14).

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { UserError } from "../../shared/lib/user-error.ts";

/** Streams `path`. Throws UserError "not-found" when there is no such file. */
export async function fileResponse(request: Request, path: string, type: string): Promise<Response> {
  const file = await stat(path).catch(() => undefined);
  if (!file?.isFile()) throw new UserError("not-found", `${path} does not exist.`, "It may not be written yet.");
  const { size } = file;
  const headers = { "content-type": type, "accept-ranges": "bytes", "cache-control": "no-cache" };
  const range = parseRange(request.headers.get("range"), size);
  if (range === "unsatisfiable") {
    return new Response(null, { status: 416, headers: { ...headers, "content-range": `bytes */${size}` } });
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const length = end - start + 1;
  const body =
    length > 0 ? (Readable.toWeb(createReadStream(path, { start, end })) as ReadableStream<Uint8Array>) : null;
  return new Response(body, {
    status: range === undefined ? 200 : 206,
    headers: {
      ...headers,
      "content-length": String(length),
      ...(range && { "content-range": `bytes ${start}-${end}/${size}` }),
    },
  });
}

/** The inclusive range; undefined for the whole file, which a server may also send when it does not know the form. */
function parseRange(header: string | null, size: number): { start: number; end: number } | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  return start < size ? { start, end } : "unsatisfiable";
}
