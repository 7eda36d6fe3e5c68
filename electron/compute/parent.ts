// How the computing child speaks to its parent: over Node's channel, or over the port of Electron's utility process.
import type { FromChild } from "./messages.ts";

export interface Parent {
  /** Resolves when the message is on its way for good, so that the process may end. */
  send(message: FromChild): Promise<void>;
  onMessage(listener: (message: unknown) => void): void;
  onGone(listener: () => void): void;
}

/** What goes over Electron's port: it tells nobody when a message has left, so the parent says that it came. */
export interface Numbered {
  readonly number: number;
  readonly message: FromChild;
}
export interface Answer {
  readonly message?: unknown;
  readonly received?: number;
}

/** Of Electron's port, what is used here. */
export interface Port {
  postMessage(message: Numbered): void;
  on(event: "message", listener: (event: { data: Answer }) => void): unknown;
}

export function findParent(): Parent {
  // Only a utility process has it.
  const port = (process as { parentPort?: Port }).parentPort;
  return port ? overPort(port) : overChannel();
}

function overChannel(): Parent {
  return {
    send: (message) =>
      new Promise((resolve) => {
        if (process.send && process.connected) process.send(message, undefined, undefined, () => resolve());
        else resolve();
      }),
    onMessage: (listener) => void process.on("message", listener),
    onGone: (listener) => void process.on("disconnect", listener),
  };
}

export function overPort(port: Port): Parent {
  const waiting = new Map<number, () => void>();
  let sent = 0;
  port.on("message", ({ data: { received } }) => {
    if (received === undefined) return;
    waiting.get(received)?.();
    waiting.delete(received);
  });
  return {
    send(message) {
      const number = sent++;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(number, resolve);
      port.postMessage({ number, message });
      return promise;
    },
    onMessage: (listener) =>
      void port.on("message", ({ data }) => {
        if (data.message !== undefined) listener(data.message);
      }),
    // Electron ends a utility process together with the app.
    onGone: () => {},
  };
}
