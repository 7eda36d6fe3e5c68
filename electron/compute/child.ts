// The entry of the computing child process: takes one task from its parent, computes it, and ends.

import { enableCompileCache } from "node:module";
import { failureOf } from "../../shared/experiment/session.ts";
import { type Task, toChild } from "./messages.ts";
import { findParent } from "./parent.ts";
import { runTask } from "./tasks.ts";

enableCompileCache();
const parent = findParent();
const stopping = new AbortController();
const finishing = new AbortController();
const stop = () => stopping.abort();
// Ctrl-C in a terminal reaches the whole group: the parent decides, and says so.
process.on("SIGINT", () => {});
process.on("SIGTERM", stop);
// The parent is gone: nobody is left to go on for, and the checkpoint of this step is worth having.
parent.onGone(stop);

async function work(task: Task): Promise<void> {
  try {
    await parent.send(
      await runTask(task, { stop: stopping.signal, finish: finishing.signal }, (message) => void parent.send(message)),
    );
  } catch (error) {
    await parent.send({ type: "failed", error: failureOf(error) });
  }
  // Backends keep threads; everything is on the disk and told.
  process.exit(0);
}

parent.onMessage((value) => {
  const message = toChild.parse(value);
  if (message.type === "stop") stop();
  else if (message.type === "finish") finishing.abort();
  else void work(message);
});
void parent.send({ type: "ready" });
