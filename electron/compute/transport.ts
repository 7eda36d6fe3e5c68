// How a child process is started and spoken to. Electron's utility processes are the other way.

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ToChild } from "./messages.ts";

export interface ChildPort {
  send(message: ToChild): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, with why: "exit code 1", "SIGKILL". */
  onExit(listener: (reason: string) => void): void;
  kill(): void;
  /** Once it runs. */
  readonly pid: number | undefined;
}

/** `onText` gets what the child prints. */
export type SpawnChild = (onText: (text: string) => void) => ChildPort;

export const childEntry = fileURLToPath(new URL("./child.ts", import.meta.url));

export const forkChild: SpawnChild = (onText) => {
  const child = fork(childEntry, [], { stdio: ["ignore", "pipe", "pipe", "ipc"], execArgv: [] });
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", onText);
  return {
    // A child that has died is told of by its exit.
    send: (message) => void (child.connected && child.send(message, () => {})),
    onMessage: (listener) => void child.on("message", listener),
    onExit: (listener) => {
      let isTold = false;
      const tell = (reason: string) => {
        if (!isTold) listener(reason);
        isTold = true;
      };
      child.on("error", ({ message }) => tell(message));
      child.on("exit", (code, signal) => tell(signal ?? `exit code ${code}`));
    },
    kill: () => void child.kill("SIGKILL"),
    pid: child.pid,
  };
};
