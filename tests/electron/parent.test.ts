// The computing child's ways to its parent: Node's channel, and the port of a utility process, where a message must have come before the process ends.
import { EventEmitter } from "node:events";
import { expect, test, vi } from "vitest";
import { type Answer, findParent, type Numbered, overPort, type Port } from "../../electron/compute/parent.ts";

function createPort() {
  const posted: Numbered[] = [];
  const emitter = new EventEmitter();
  const port: Port = {
    postMessage: (message) => void posted.push(message),
    on: (event, listener) => emitter.on(event, listener),
  };
  return { port, posted, say: (data: Answer) => emitter.emit("message", { data }) };
}

test("a message is sent when the parent says that it came", async () => {
  const { port, posted, say } = createPort();
  const parent = overPort(port);
  const done: string[] = [];
  const first = parent.send({ type: "ready" }).then(() => done.push("first"));
  const second = parent.send({ type: "written" }).then(() => done.push("second"));
  expect(posted).toEqual([
    { number: 0, message: { type: "ready" } },
    { number: 1, message: { type: "written" } },
  ]);
  say({ received: 1 });
  await second;
  expect(done).toEqual(["second"]);
  say({ received: 0 });
  await first;
});

test("what the parent says is heard without its receipts", () => {
  const { port, say } = createPort();
  const heard: unknown[] = [];
  overPort(port).onMessage((message) => heard.push(message));
  say({ received: 3 });
  say({ message: { type: "stop" } });
  expect(heard).toEqual([{ type: "stop" }]);
});

test("a utility process is known by its port", () => {
  const { port, posted } = createPort();
  Object.assign(process, { parentPort: port });
  try {
    void findParent().send({ type: "ready" });
  } finally {
    Reflect.deleteProperty(process, "parentPort");
  }
  expect(posted).toHaveLength(1);
});

test("without a parent that listens, sending is over at once", async () => {
  const send = process.send;
  vi.stubGlobal("process", Object.assign(Object.create(process), { send: undefined }));
  await findParent().send({ type: "ready" });
  vi.unstubAllGlobals();
  expect(process.send).toBe(send);
});
