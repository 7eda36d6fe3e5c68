// The window's way to its computing Worker: the only file here that the rest of the window knows.
import type { Client } from "../../shared/api/client.ts";
import type { FromWorker } from "./messages.ts";
import { createWindowCompute, type WindowCompute, type WorkerPort } from "./window-compute.ts";

export type { WindowCompute } from "./window-compute.ts";

const PAGE_KEY = "stillroom.page";

/** Computes in Workers of this page; while one does, the page asks before it is left, and lets go of the run when it is. */
export function openWindowCompute(client: Client, onChecking?: (done: number, total: number) => void): WindowCompute {
  const compute = createWindowCompute({ client, spawn, page: namePage(), onChecking });
  addEventListener("beforeunload", (event) => {
    if (compute.running() !== undefined) event.preventDefault();
  });
  addEventListener("pagehide", compute.leave);
  return compute;
}

/**
 * A name that a reload keeps and no other page has. It is in the storage only from one life of the page to the next: a
 * duplicated tab gets a copy of the storage, and is another page.
 */
function namePage(): string {
  const page = sessionStorage.getItem(PAGE_KEY) ?? crypto.randomUUID();
  const forget = () => sessionStorage.removeItem(PAGE_KEY);
  forget();
  addEventListener("pagehide", () => sessionStorage.setItem(PAGE_KEY, page));
  addEventListener("pageshow", forget);
  return page;
}

function spawn(): WorkerPort {
  const worker = new Worker(new URL("./compute.worker.ts", import.meta.url), { type: "module", name: "compute" });
  return {
    send: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => listener(data)),
    onFailure: (listener) => {
      // A file that does not load has no message.
      worker.addEventListener("error", ({ message }) => listener(message || "its file did not load"));
      worker.addEventListener("messageerror", () => listener("a message of it could not be read"));
    },
    kill: () => worker.terminate(),
  };
}
