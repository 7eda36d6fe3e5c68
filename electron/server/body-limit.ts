// How large a request may be: what is announced is known before anything is read.

import type { MiddlewareHandler } from "hono";
import { formatBytes } from "../host/files.ts";

const LIMITS = {
  /** JSON. */
  POST: 8 * 2 ** 20,
  PATCH: 8 * 2 ** 20,
  /** Checkpoints, previews, distilled sets. */
  PUT: 2 ** 30,
} as const;
/** A dropped zip may be a whole dataset: what the disk holds is asked before it is written. */
const UPLOAD_LIMIT = 2 ** 37;

/** 413 above the limit; 411 for a body that does not say how long it is, which no browser sends here. */
export const bodyLimit: MiddlewareHandler = async (c, next) => {
  const isUpload = c.req.method === "PUT" && c.req.path.startsWith("/api/uploads/");
  const limit = isUpload ? UPLOAD_LIMIT : ((LIMITS as Readonly<Record<string, number>>)[c.req.method] ?? 0);
  const announced = c.req.header("content-length");
  if (announced === undefined && c.req.header("transfer-encoding") !== undefined) {
    return c.json({ code: "no-length", message: "The request does not say its length.", hint: "" }, 411);
  }
  if (Number(announced ?? 0) <= limit) return next();
  const message = `The request has ${formatBytes(Number(announced))}; at most ${formatBytes(limit)} are taken.`;
  return c.json({ code: "too-large", message, hint: "Send less at once." }, 413, { connection: "close" });
};
