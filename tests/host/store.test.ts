// The store's folder, its version and its scratch folders.

import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder, resolveInside, writeFileAtomic } from "../../electron/host/files.ts";
import { createScratch, findHome, openStore, sweepScratch } from "../../electron/host/store.ts";
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

test("scratch folders of the living stay, those of the dead go", async () => {
  await using folder = await createTemporaryFolder();
  const store = await openStore(folder.path);
  const scratch = await createScratch(store);
  await mkdir(join(store.scratch, "dead"));
  await writeFile(join(store.scratch, "dead", "x"), "x");
  // The second was killed before it made its folder.
  for (const name of ["dead", "unborn"]) {
    await mkdir(join(store.locks, `scratch-${name}`));
    await writeFile(join(store.locks, `scratch-${name}`, `${randomUUID()}.${2 ** 30}.0..${hostname()}`), "");
  }
  await sweepScratch(store);
  expect(await readdir(scratch.path)).toEqual([]);
  expect(await readdir(store.scratch)).toEqual([basename(scratch.path)]);
  expect(await readdir(store.locks)).toHaveLength(1);
  await scratch.dispose();
  expect([await readdir(store.scratch), await readdir(store.locks)]).toEqual([[], []]);
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

test("folders are made with those above them; what cannot be one is named", async () => {
  await using folder = await createTemporaryFolder();
  const deep = join(folder.path, "a", "b", "c");
  await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(folder.path, "a", "d"))]);
  expect((await stat(deep)).isDirectory()).toBe(true);
  await makeFolder(deep);
  await writeFile(join(folder.path, "file"), "");
  await symlink(join(folder.path, "nothing"), join(folder.path, "link"));
  for (const [way, named] of [
    ["file/x/y", "file"],
    ["link/x", "link"],
  ]) {
    const message = `${join(folder.path, named)} is not a folder.`;
    await expect(makeFolder(join(folder.path, way))).rejects.toMatchObject({ code: "bad-folder", message });
  }
});

test.skipIf(process.platform !== "linux")("a place that takes no folders is refused, not tried for ever", async () => {
  for (const home of ["/proc/nothing/deep/store", "/proc/nothing"]) {
    await expect(openStore(home)).rejects.toMatchObject({
      code: "not-writable",
      message: "/proc/nothing cannot be made: no folder can be made in /proc.",
    });
  }
});
