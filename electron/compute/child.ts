// The entry of the computing child process: takes one task from its parent, computes it, and ends.

import { enableCompileCache } from "node:module";
import { failureOf } from "../../shared/experiment/session.ts";
import { type FromChild, type Task, toChild } from "./messages.ts";
import { runTask } from "./tasks.ts";

enableCompileCache();
const stopping = new AbortController();
const stop = () => stopping.abort();
// Ctrl-C in a terminal reaches the whole group: the parent decides, and says so.
process.on("SIGINT", () => {});
process.on("SIGTERM", stop);
// The parent is gone: nobody is left to go on for, and the checkpoint of this step is worth having.
process.on("disconnect", stop);

const send = (message: FromChild) =>
  new Promise<void>((resolve) => {
    if (process.send && process.connected) process.send(message, undefined, undefined, () => resolve());
    else resolve();
  });

async function work(task: Task): Promise<void> {
  try {
    await send(await runTask(task, stopping.signal, (message) => void send(message)));
  } catch (error) {
    await send({ type: "failed", error: failureOf(error) });
  }
  // Backends keep threads; everything is on the disk and told.
  process.exit(0);
}

process.on("message", (value) => {
  const message = toChild.parse(value);
  if (message.type === "stop") stop();
  else void work(message);
});
void send({ type: "ready" });
