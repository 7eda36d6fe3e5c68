// A check that takes its process with it: real processes that die in one, and what those who come later are told.
import { execFile } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createChildCompute } from "../../electron/compute/child-compute.ts";
import { openWebgpu } from "../../electron/compute/gpu.ts";
import { openBackend } from "../../electron/compute/open-backend.ts";
import { readAdapterNotes } from "../../electron/host/adapter-notes.ts";
import { createHost } from "../../electron/host/app.ts";
import {
  beginCheck,
  endChecksOf,
  findUnfinished,
  guardCheck,
  listUnfinished,
} from "../../electron/host/check-marks.ts";
import { createLog } from "../../electron/host/log.ts";
import { openStore } from "../../electron/host/store.ts";
import packageJson from "../../package.json" with { type: "json" };
import type { AdapterIdentity } from "../../shared/api/adapter-notes.ts";
import { createClient } from "../../shared/api/client.ts";
import { swiftshaderMissing, useSwiftshader } from "../support/swiftshader.ts";
import { createTemporaryFolder } from "../tools/make-images.ts";

const TIMEOUT_MS = 120_000;
const dying = fileURLToPath(new URL("../support/dying-check.ts", import.meta.url));
const identity: AdapterIdentity = { place: "process", name: "GeForce / RTX 3060", driver: "vulkan: 550.1" };
const app = "1.0.0";

/** Runs the program that dies in its check; gives how. */
const die = (home: string, signal: string) =>
  new Promise<{ code: unknown; signal: unknown }>((resolve) => {
    const child = execFile(process.execPath, [dying, home, signal], () => {});
    child.once("exit", (code, by) => resolve({ code, signal: by }));
  });

describe.skipIf(swiftshaderMissing)("an adapter whose check crashes the process", () => {
  afterEach(() => void vi.unstubAllEnvs());

  test(
    "is not used unasked the next time",
    async () => {
      await using folder = await createTemporaryFolder();
      const { home } = await openStore(folder.path);
      expect(await die(home, "SIGSEGV")).toEqual({ code: null, signal: "SIGSEGV" });

      useSwiftshader();
      vi.stubEnv("STILLROOM_TUNE", "1");
      const remembering = { home, onNotice: () => {} };
      const said = { code: "adapter-crashed", message: expect.stringMatching(/check of SwiftShader.* did not end/) };
      const hint = expect.stringMatching(/--adapter.*--backend onnx.*adapters --check/s);
      await expect(openWebgpu({ software: true, remembering })).rejects.toMatchObject({ ...said, hint });
      // Nor does a choice that is left to the program fall back in silence.
      await expect(openBackend({ backend: "webgpu" }, remembering)).rejects.toMatchObject(said);
    },
    TIMEOUT_MS,
  );

  test(
    "a process that ends in order while it checks leaves no mark",
    async () => {
      await using folder = await createTemporaryFolder();
      const { home } = await openStore(folder.path);
      expect(await die(home, "exit")).toEqual({ code: 3, signal: null });
      expect(await listUnfinished(home, packageJson.version)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

test("a check that is asked for is run; one that throws, or ends well, leaves no mark", async () => {
  await using folder = await createTemporaryFolder();
  const { home } = await openStore(folder.path);
  const given = { home, app, identity, isAsked: false };
  const found = await guardCheck(given, () => findUnfinished(home, app, identity));
  expect(found).toMatchObject({ ...identity, app, pid: process.pid });
  await expect(guardCheck(given, () => Promise.reject(new Error("no device")))).rejects.toThrow("no device");
  expect(await readdir(join(home, "adapters"))).toEqual([]);
  await beginCheck(home, app, identity);
  await expect(guardCheck(given, async () => "run")).rejects.toMatchObject({ code: "adapter-crashed" });
  expect(await guardCheck({ ...given, isAsked: true }, async () => "run")).toBe("run");
  expect(await guardCheck(given, async () => "run")).toBe("run");
});

test("two checks of an adapter come one after the other, and neither takes the other for a crash", async () => {
  await using folder = await createTemporaryFolder();
  const { home } = await openStore(folder.path);
  const order: string[] = [];
  const check = (name: string) =>
    guardCheck({ home, app, identity, isAsked: false }, async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      order.push(`${name} ends`);
    });
  await Promise.all([check("a"), check("b")]);
  const first = order[0][0];
  const second = first === "a" ? "b" : "a";
  expect(order).toEqual([`${first} begins`, `${first} ends`, `${second} begins`, `${second} ends`]);
});

test("a crash counts for one driver, app and place, and a mark that was cut short for none", async () => {
  await using folder = await createTemporaryFolder();
  const { home } = await openStore(folder.path);
  await beginCheck(home, app, identity);
  expect(await findUnfinished(home, app, identity)).toMatchObject(identity);
  expect(await findUnfinished(home, "1.0.1", identity)).toBeUndefined();
  expect(await findUnfinished(home, app, { ...identity, driver: "vulkan: 551.0" })).toBeUndefined();
  expect(await findUnfinished(home, app, { ...identity, place: "window" })).toBeUndefined();
  expect(await readAdapterNotes(home, app, identity)).toEqual({ problem: undefined });
  const [name] = await readdir(join(home, "adapters"));
  await writeFile(join(home, "adapters", name), "{");
  expect(await listUnfinished(home, app)).toEqual([]);
  endChecksOf(home, 1);
});

test("a child that is ended on purpose while it checks is none that crashed", async () => {
  await using folder = await createTemporaryFolder();
  const { home } = await openStore(folder.path);
  const pids = [70_001, 70_002];
  const spawned: number[] = [];
  const compute = createChildCompute({
    ...{ home, log: createLog() },
    spawn: () => {
      const pid = pids[spawned.length];
      spawned.push(pid);
      return { pid, send: () => {}, onMessage: () => {}, onExit: () => {}, kill: () => {} };
    },
  });
  const controller = new AbortController();
  const estimate = compute.estimate({ backend: "auto" } as never, controller.signal);
  await beginCheck(home, app, identity, 70_002);
  controller.abort();
  await expect(estimate).rejects.toThrow();
  // The mark of another process stays.
  expect(await listUnfinished(home, app)).toHaveLength(1);
  void compute.estimate({ backend: "auto" } as never, new AbortController().signal).catch(() => {});
  await compute.dispose();
  expect(spawned).toEqual(pids);
  expect(await listUnfinished(home, app)).toEqual([]);
});

test("a page marks its checks over the host's routes, where diagnostics and Settings find those that did not end", async () => {
  await using folder = await createTemporaryFolder();
  const host = createHost({ store: await openStore(folder.path), version: app });
  const client = createClient(async (input, init) => host.request(input as string, init), "http://localhost");
  const own = { ...identity, place: "window" as const };
  await client.compute.markCheck(own, true);
  expect(await client.compute.findNotes(own)).toMatchObject({ notes: null, unfinished: own });
  expect((await client.compute.listNotes()).unfinished).toMatchObject([own]);
  expect(await client.diagnostics()).toContain("The check of GeForce / RTX 3060 that began");
  await client.compute.markCheck(own, false);
  expect((await client.compute.findNotes(own)).unfinished).toBeUndefined();
  await host.dispose();
});
