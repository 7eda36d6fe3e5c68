// Whether npm start opens a window here: the display, the user, and Electron's program, without its flood of messages.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fetchElectron, findElectron, whyNoWindow } from "../../electron/electron-program.ts";
import { createTemporaryFolder } from "../tools/make-images.ts";

test.each([
  ["linux", {}, 1000, "There is no display here."],
  ["linux", { DISPLAY: "" }, 1000, "There is no display here."],
  ["linux", { DISPLAY: ":0" }, 1000, undefined],
  ["linux", { WAYLAND_DISPLAY: "wayland-0" }, 1000, undefined],
  ["linux", { DISPLAY: ":0" }, 0, "Electron opens no window for the user root."],
  ["darwin", {}, 501, undefined],
  ["win32", {}, undefined, undefined],
] as const)("on %s with %o as user %s", (platform, env, userId, reason) => {
  expect(whyNoWindow({ platform, env, userId })).toBe(reason);
});

test("the program is found where the package or the environment says, and nowhere else", async () => {
  await using folder = await createTemporaryFolder();
  expect(await findElectron(folder.path, {})).toBeUndefined();
  await writeFile(join(folder.path, "path.txt"), "electron");
  expect(await findElectron(folder.path, {})).toBeUndefined();
  await mkdir(join(folder.path, "dist"));
  await writeFile(join(folder.path, "dist/electron"), "");
  expect(await findElectron(folder.path, {})).toBe(join(folder.path, "dist/electron"));
  const other = join(folder.path, "other");
  expect(await findElectron(folder.path, { ELECTRON_OVERRIDE_DIST_PATH: other })).toBeUndefined();
  await mkdir(other);
  await writeFile(join(other, "electron"), "");
  expect(await findElectron(folder.path, { ELECTRON_OVERRIDE_DIST_PATH: other })).toBe(join(other, "electron"));
});

test("a failed fetch is one line", async () => {
  await using folder = await createTemporaryFolder();
  const script = join(folder.path, "install.js");
  await writeFile(script, `console.error("\\nTypeError: fetch failed\\n  at a\\n  at b"); process.exit(1);`);
  expect(await fetchElectron(folder.path)).toBe("TypeError: fetch failed");
  await writeFile(script, `console.log("noise");`);
  expect(await fetchElectron(folder.path)).toBeUndefined();
});
