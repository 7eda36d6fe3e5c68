// Whether something computes now: in a child process of the host, or in the page's Worker.
import { computeState } from "../shared/api/compute.ts";
import { SESSION_HEADER, SESSION_SILENCE_SECONDS } from "../shared/api/sessions.ts";
import type { Handler } from "./protocol.ts";

const origin = "app://stillroom";

export interface ComputingWatch {
  /** The same handler; calls go through it so that a Worker's are seen. */
  readonly api: Handler;
  readonly isComputing: () => Promise<boolean>;
}

/** The host is asked for its child; a Worker in the page is known by the session that its calls carry, until it falls silent. */
export function watchComputing(api: Handler, now: () => number = Date.now): ComputingWatch {
  const lastCalls = new Map<string, number>();
  const isInPage = () => [...lastCalls.values()].some((at) => now() - at < SESSION_SILENCE_SECONDS * 1000);
  return {
    async api(request) {
      const session = request.headers.get(SESSION_HEADER);
      if (session === null) return api(request);
      const isEnd = request.method === "PATCH" && (await request.clone().text()).includes('"outcome"');
      const response = await api(request);
      if (isEnd && response.ok) lastCalls.delete(session);
      else lastCalls.set(session, now());
      return response;
    },
    async isComputing() {
      if (isInPage()) return true;
      const response = await api(new Request(`${origin}/api/compute`));
      return response.ok && computeState.parse(await response.json()).running !== null;
    },
  };
}
