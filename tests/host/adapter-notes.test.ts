// What is remembered of adapters: added to and never changed, of one version of the app and one driver, and damage is told.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { addAdapterNotes, listAdapterNotes, readAdapterNotes } from "../../electron/host/adapter-notes.ts";
import { createHost } from "../../electron/host/app.ts";
import { openStore } from "../../electron/host/store.ts";
import { type AdapterIdentity, type CheckReport, printCheck, summariseCheck } from "../../shared/api/adapter-notes.ts";
import { createClient } from "../../shared/api/client.ts";
import { createTemporaryFolder } from "../tools/make-images.ts";

const identity: AdapterIdentity = { place: "process", name: "GeForce / RTX 3060", driver: "vulkan: 550.1" };
const check: CheckReport = {
  ...{ adapter: identity.name, software: false, subgroupSize: 32, tolerance: 1e-4, milliseconds: 900 },
  kernels: [
    {
      op: "conv2d",
      variant: "tiles",
      verdict: "wrong",
      error: 0.3,
      milliseconds: 2,
      cases: 1,
      casesInAll: 5,
      problem: "it has an error",
    },
    { op: "conv2d", variant: "direct", verdict: "right", error: 1e-6, milliseconds: 3, cases: 5, casesInAll: 5 },
  ],
  ...{ disabled: ["conv2d/tiles"], unusable: [] },
};

test("what was measured first stands; a new check keeps it", async () => {
  await using folder = await createTemporaryFolder();
  const { home } = await openStore(folder.path);
  expect(await readAdapterNotes(home, "1.0.0", identity)).toEqual({ problem: undefined });
  await addAdapterNotes(home, "1.0.0", identity, { memory: { a: "tiles" } });
  const both = await Promise.all([
    addAdapterNotes(home, "1.0.0", identity, { memory: { a: "lanes", b: "direct" } }),
    addAdapterNotes(home, "1.0.0", identity, { memory: { b: "lanes" } }),
  ]);
  const { notes } = await readAdapterNotes(home, "1.0.0", identity);
  expect(notes?.memory.a).toBe("tiles");
  // Whoever wrote first, both go on with the same.
  expect(new Set(both.map(({ memory }) => memory.b))).toEqual(new Set([notes?.memory.b]));
  const checked = await addAdapterNotes(home, "1.0.0", identity, { check, memory: {} });
  expect(checked).toEqual({ check, memory: notes?.memory });
  expect(await listAdapterNotes(home, "1.0.0")).toMatchObject([
    { ...identity, app: "1.0.0", checkedAt: expect.any(String), check, memory: notes?.memory },
  ]);
});

test("of another driver, another version of the app or another place nothing is believed", async () => {
  await using folder = await createTemporaryFolder();
  const { home } = await openStore(folder.path);
  await addAdapterNotes(home, "1.0.0", identity, { check, memory: { a: "tiles" } });
  const others = [
    ["1.0.1", identity],
    ["1.0.0", { ...identity, driver: "vulkan: 551.0" }],
    ["1.0.0", { ...identity, place: "window" }],
    ["1.0.0", { ...identity, name: "GeForce RTX 3060" }],
  ] as const;
  for (const [app, other] of others) expect(await readAdapterNotes(home, app, other)).not.toHaveProperty("notes");
  expect(await listAdapterNotes(home, "1.0.1")).toEqual([]);
  const fresh = await addAdapterNotes(home, "1.0.1", identity, { memory: { b: "lanes" } });
  expect(fresh).toEqual({ memory: { b: "lanes" } });
});

test.each(["{", '{"version":2}', '{"version":1,"app":"1.0.0","memory":{"a":3}}'])(
  "a damaged file is ignored with a word, and replaced: %s",
  async (content) => {
    await using folder = await createTemporaryFolder();
    const { home } = await openStore(folder.path);
    await addAdapterNotes(home, "1.0.0", identity, { check, memory: { a: "tiles" } });
    const [name] = await readdir(join(home, "adapters"));
    const path = join(home, "adapters", name);
    await writeFile(path, content);
    const read = await readAdapterNotes(home, "1.0.0", identity);
    expect(read).toEqual({
      problem: `${path} is damaged and is ignored: the adapter's kernels are checked and measured anew.`,
    });
    expect(await listAdapterNotes(home, "1.0.0")).toEqual([]);
    await addAdapterNotes(home, "1.0.0", identity, { memory: { a: "lanes" } });
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ memory: { a: "lanes" } });
  },
);

test("a page finds, adds and lists notes over the host's routes, and diagnostics tell them", async () => {
  await using folder = await createTemporaryFolder();
  const host = createHost({ store: await openStore(folder.path), version: "1.0.0" });
  const client = createClient(async (input, init) => host.request(input as string, init), "http://localhost");
  expect(await client.compute.findNotes(identity)).toEqual({ notes: null });
  const notes = { check, memory: { a: "tiles" } };
  expect(await client.compute.addNotes(identity, notes)).toEqual(notes);
  expect(await client.compute.findNotes(identity)).toEqual({ notes });
  expect((await client.compute.listNotes()).adapters).toMatchObject([{ ...identity, ...notes }]);
  expect(await client.diagnostics()).toContain("switched off: conv2d/tiles");
  await expect(client.compute.findNotes({ ...identity, name: "" })).rejects.toMatchObject({ code: "bad-request" });
  await host.dispose();
});

test("a report names what is switched off, what is not used, and every kernel in a row", () => {
  expect(summariseCheck(check)).toMatch(/1 of 2 kernels are right; switched off: conv2d\/tiles/);
  expect(summariseCheck({ ...check, unusable: ["conv2d"] })).toMatch(/wrong numbers \(conv2d\) and is not used/);
  expect(printCheck(check).split("\n").slice(0, 4)).toEqual([
    "GeForce / RTX 3060 (GPU, subgroups of 32)",
    "op      variant  worst error  time    shapes  verdict",
    "conv2d  tiles    3.0e-1       2.0 ms  1 of 5  wrong: it has an error",
    "conv2d  direct   1.0e-6       3.0 ms  5 of 5  right",
  ]);
});
