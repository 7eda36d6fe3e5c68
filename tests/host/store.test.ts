// The store's folder, its version, its locks and its scratch folders.

import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveInside, writeFileAtomic } from "../../electron/host/files.ts";
import { acquireLock, withLock } from "../../electron/host/lock.ts";
import { createScratch, findHome, openStore, sweepScratch } from "../../electron/host/store.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { createTemporaryFolder } from "../tools/make-images.ts";

test("the store lies where the system keeps application data, or where STILLROOM_HOME says", () => {
  expect(findHome({ STILLROOM_HOME: "/data/still" }, "linux")).toBe("/data/still");
  expect(findHome({ XDG_DATA_HOME: "/x" }, "linux")).toBe("/x/stillroom");
  expect(findHome({}, "linux")).toMatch(/\.local\/share\/stillroom$/);
  expect(findHome({}, "darwin")).toMatch(/Library\/Application Support\/Stillroom$/);
  expect(findHome({ LOCALAPPDATA: "/l" }, "win32")).toBe("/l/Stillroom");
});

test("a store of a newer version, or a damaged one, is refused and left alone", async () => {
  await using folder = await createTemporaryFolder();
  await openStore(folder.path);
  await openStore(folder.path);
  const file = join(folder.path, "store.json");
  await writeFile(file, '{"version":99}');
  await expect(openStore(folder.path)).rejects.toMatchObject({ code: "store-newer", message: /newer version/ });
  expect(await readFile(file, "utf8")).toBe('{"version":99}');
  await writeFile(file, "{");
  await expect(openStore(folder.path)).rejects.toMatchObject({ code: "store-damaged" });
});

test("a lock keeps others out until it is released", async () => {
  await using folder = await createTemporaryFolder();
  const path = join(folder.path, "x.lock");
  const lock = await acquireLock(path);
  await expect(acquireLock(path, 100)).rejects.toMatchObject({ code: "locked" });
  const waiting = acquireLock(path, 5000);
  await lock.release();
  await (await waiting).release();
  expect(await readdir(folder.path)).toEqual([]);

  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await new Promise((done) => setTimeout(done, 5));
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(path, work)));
  expect(most).toBe(1);
});

test("the lock of a dead process, of another start of the same pid, or torn, is taken over", async () => {
  await using folder = await createTemporaryFolder();
  const path = join(folder.path, "x.lock");
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  const owners = [
    JSON.stringify({ host: hostname(), pid, started: "1", token: "a" }),
    JSON.stringify({ host: hostname(), pid: process.pid, started: "1", token: "b" }),
  ];
  for (const owner of owners) {
    await writeFile(path, owner);
    const locks = await Promise.allSettled([acquireLock(path, 300), acquireLock(path, 300)]);
    const held = locks.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    expect(held).toHaveLength(1);
    await held[0].release();
  }
  await writeFile(path, "{");
  await (await acquireLock(path, 4000)).release();
  await writeFile(path, JSON.stringify({ host: "elsewhere", pid: 1, started: "1", token: "c" }));
  await expect(acquireLock(path, 100)).rejects.toBeInstanceOf(UserError);
});

test("scratch folders of the living stay, those of the dead go", async () => {
  await using folder = await createTemporaryFolder();
  const store = await openStore(folder.path);
  const scratch = await createScratch(store);
  await mkdir(join(store.scratch, "dead"));
  await writeFile(join(store.scratch, "dead", "x"), "x");
  await writeFile(
    join(store.scratch, "dead.lock"),
    JSON.stringify({ host: hostname(), pid: 2 ** 30, started: "", token: "" }),
  );
  await sweepScratch(store);
  expect(await readdir(scratch.path)).toEqual([]);
  expect((await readdir(store.scratch)).filter((name) => name.startsWith("dead"))).toEqual([]);
  await scratch.dispose();
  expect(await readdir(store.scratch)).toEqual([]);
});

test("a file is written whole or not at all, and names stay inside", async () => {
  await using folder = await createTemporaryFolder();
  const path = join(folder.path, "a", "b.json");
  await writeFileAtomic(path, "one");
  await writeFileAtomic(path, "two");
  expect(await readFile(path, "utf8")).toBe("two");
  await mkdir(join(folder.path, "taken", "x"), { recursive: true });
  await expect(writeFileAtomic(join(folder.path, "taken"), "three")).rejects.toThrow();
  expect((await readdir(folder.path)).sort()).toEqual(["a", "taken"]);
  expect(resolveInside("/a", "b", "..c")).toBe("/a/b/..c");
  for (const name of ["../x", "/etc/passwd", "b/../../x"]) expect(() => resolveInside("/a", name)).toThrow(/leads out/);
  expect(() => resolveInside("/a", "../ab")).toThrow(/leads out/);
});
