// The one scheme of the app, app://stillroom: /api is the host, all else the built page. The network is never asked.
import { protocol } from "electron";

const scheme = "app";
export const origin = `${scheme}://stillroom`;

/** A handler in the style of fetch. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** Must run before the app is ready: what Chromium lets pages of the scheme do. */
export function registerScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true };
  protocol.registerSchemesAsPrivileged([{ scheme, privileges }]);
}

/** Must run once the app is ready. */
export function serveScheme({ api, page }: { readonly api: Handler; readonly page: Handler }): void {
  protocol.handle(scheme, (request) => {
    if (!isOwn(request.url)) return new Response(null, { status: 404 });
    const { pathname } = new URL(request.url);
    return pathname === "/api" || pathname.startsWith("/api/") ? api(request) : page(request);
  });
}

/** Whether an address is of this app. URL.origin is "null" under a scheme of one's own, so its parts are compared. */
export function isOwn(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol: own, host } = new URL(url);
  return own === `${scheme}:` && host === "stillroom";
}
