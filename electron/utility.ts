// Starts the computing child as one of Electron's utility processes: the packaged app's program runs no other code as Node.
import { utilityProcess } from "electron";
import type { Answer, Numbered } from "./compute/parent.ts";
import { childEntry, type SpawnChild } from "./compute/transport.ts";

export const spawnUtility: SpawnChild = (onText) => {
  const child = utilityProcess.fork(childEntry, [], { serviceName: "Stillroom compute", stdio: "pipe", execArgv: [] });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => onText(chunk.toString()));
  const post = (answer: Answer) => child.postMessage(answer);
  return {
    send: (message) => post({ message }),
    onMessage: (listener) =>
      void child.on("message", ({ number, message }: Numbered) => {
        post({ received: number });
        listener(message);
      }),
    onExit: (listener) => {
      let reason: string | undefined;
      child.on("error", (type, location) => {
        reason = `${type} in ${location}`;
      });
      child.once("exit", (code) => listener(reason ?? `exit code ${code}`));
    },
    // Its own kill is a request, which a step that hangs would not hear.
    kill: () => {
      if (child.pid !== undefined) process.kill(child.pid, "SIGKILL");
    },
    get pid() {
      return child.pid;
    },
  };
};
