// Who may speak to the local server: whoever has its token, by this machine's own name, and no page of another origin.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { enteringPage, refusedPage } from "./pages.ts";

/** 256 bits, fit for a URL. */
export const createToken = () => randomBytes(32).toString("base64url");

/** The name of the token in the printed address. */
export const TOKEN_PARAMETER = "token";

/** Any port: the address may be forwarded, as by ssh -L. A page elsewhere cannot take these names by DNS. */
const OWN_HOST = /^(127\.0\.0\.1|localhost)(:\d{1,5})?$/;

/**
 * The token comes once in the address and goes into a cookie. Refused, with 403: another Host, which is DNS rebinding;
 * another Origin, or a request that the browser says another site made. With 401: no token, or a wrong one.
 */
export function guard(token: string): MiddlewareHandler {
  // Cookies do not tell ports apart: each server's has a name of its own.
  const cookie = `stillroom-${digest(token).toString("hex").slice(0, 8)}`;
  const isRight = (given: string | undefined) => given !== undefined && timingSafeEqual(digest(given), digest(token));
  return async (c, next) => {
    const refuse = (status: 401 | 403, code: string, message: string, hint: string) =>
      c.req.path.startsWith("/api/") || c.req.method !== "GET"
        ? c.json({ code, message, hint }, status)
        : c.html(refusedPage(message, hint), status);
    const host = c.req.header("host") ?? "";
    if (!OWN_HOST.test(host)) {
      return refuse(403, "foreign-host", `This server does not answer for "${host}".`, "Open the printed address.");
    }
    const origin = c.req.header("origin");
    if (origin !== undefined && origin !== `http://${host}`) {
      return refuse(403, "foreign-origin", `A page of ${origin} may not ask this server.`, "Open the printed address.");
    }
    const site = c.req.header("sec-fetch-site") ?? "none";
    const isOpening = c.req.method === "GET" && c.req.header("sec-fetch-mode") === "navigate";
    if (site !== "same-origin" && site !== "none" && !(isOpening && !c.req.path.startsWith("/api/"))) {
      return refuse(403, "foreign-origin", "A page of another site may not ask this server.", "Open the page itself.");
    }
    const given = c.req.query(TOKEN_PARAMETER);
    if (c.req.method === "GET" && c.req.path === "/" && given !== undefined && isRight(given)) {
      setCookie(c, cookie, token, { httpOnly: true, sameSite: "Strict", path: "/" });
      return c.html(enteringPage);
    }
    if (!isRight(getCookie(c, cookie))) {
      return refuse(401, "no-token", "This page needs the token of its address.", "Open the printed address again.");
    }
    return next();
  };
}

const digest = (text: string) => createHash("sha256").update(text).digest();
