// The desktop's real main.ts against the guarded fake: what it asks of Electron, and what the page may do.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type * as electron from "electron";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createRun } from "../../electron/host/runs/index.ts";
import { actions } from "../../shared/api/actions.ts";
import { SESSION_HEADER } from "../../shared/api/sessions.ts";
import type * as electronFake from "../support/electron-fake.ts";
import { createTemporaryFolder, type TemporaryFolder } from "../tools/make-images.ts";

vi.mock("electron", () => import("../support/electron-fake.ts"));

const platform = process.platform;
let folder: TemporaryFolder;
let fake: typeof electronFake;

/** Modules as in a new process, on a fake of which nothing was asked yet. */
async function renew(): Promise<void> {
  vi.resetModules();
  fake = (await import("electron")) as unknown as typeof electronFake;
}

beforeEach(async () => {
  await renew();
  folder = await createTemporaryFolder();
  vi.stubEnv("STILLROOM_HOME", join(folder.path, "store"));
  const page = join(folder.path, "dist/renderer");
  await mkdir(page, { recursive: true });
  await writeFile(join(page, "index.html"), "<title>Stillroom</title>");
  await writeFile(join(folder.path, "secret.txt"), "secret");
});

afterEach(async () => {
  fake.app.emit("will-quit", { preventDefault: () => {} });
  vi.unstubAllEnvs();
  vi.useRealTimers();
  Object.defineProperty(process, "platform", { value: platform });
  await folder[Symbol.asyncDispose]();
});

/** Loads main.ts anew, up to the moment before Electron is ready. */
async function load(changes: Partial<electronFake.World> = {}): Promise<electronFake.World> {
  await renew();
  const world = fake.resetWorld({ appPath: folder.path, userData: folder.path, ...changes });
  await import("../../electron/main.ts");
  return world;
}

/** A started app with its window. */
async function start(
  changes: Partial<electronFake.World> = {},
): Promise<{ world: electronFake.World; window: electronFake.FakeWindow }> {
  const world = await load(changes);
  world.becomeReady();
  await vi.waitFor(() => expect(world.windows[0]?.url).toBe("app://stillroom/"));
  return { world, window: world.windows[0] };
}

const ask = async (world: electronFake.World, address: string, init?: RequestInit) =>
  world.handlers.get("app")!(new Request(address, init));

test("before ready: the scheme's privileges, the sandbox, and on Linux the switches for WebGPU", async () => {
  Object.defineProperty(process, "platform", { value: "linux" });
  const world = await load();
  const privileges = { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true };
  expect(world.schemes).toEqual([{ scheme: "app", privileges }]);
  expect(world.log).toEqual(["sandbox"]);
  expect(world.switches.has("enable-unsafe-webgpu")).toBe(true);
  expect(world.switches.get("enable-features")).toBe("Vulkan,VulkanFromANGLE,DefaultANGLEVulkan");
  expect(world.windows).toEqual([]);
});

test("elsewhere Chromium keeps its own choice of graphics", async () => {
  Object.defineProperty(process, "platform", { value: "win32" });
  expect([...(await load()).switches.keys()]).toEqual(["disable-renderer-backgrounding"]);
});

test("the window is sandboxed, isolated, without Node, and never throttled", async () => {
  const { window } = await start();
  expect(window.options.webPreferences).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    webviewTag: false,
    backgroundThrottling: false,
    preload: join(folder.path, "dist/preload/preload.cjs"),
  });
  expect(window.options.show).toBe(false);
  window.emit("ready-to-show");
  expect(window.log).toEqual(["show"]);
});

test("app:// gives the page with its policy and nothing outside its folder", async () => {
  const { world } = await start();
  const page = await ask(world, "app://stillroom/");
  expect(await page.text()).toBe("<title>Stillroom</title>");
  const policy = page.headers.get("content-security-policy");
  expect(policy).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'");
  expect(policy).not.toContain("http");
  expect(page.headers.get("cross-origin-opener-policy")).toBe("same-origin");
  for (const name of [
    "..%2f..%2fsecret.txt",
    "..%5c..%5csecret.txt",
    "%00.txt",
    "%zz.txt",
    "../../secret.txt",
    "none.js",
  ]) {
    const answer = await ask(world, `app://stillroom/${name}`);
    expect(answer.status, name).toBeGreaterThanOrEqual(400);
    expect(answer.status, name).toBeLessThan(500);
    expect(await answer.text(), name).not.toBe("secret");
  }
  expect((await ask(world, "app://elsewhere/")).status).toBe(404);
  expect((await ask(world, "app://stillroom/", { method: "POST" })).status).toBe(405);
});

test("app://stillroom/api is the host, on the store", async () => {
  const { world } = await start();
  expect(await (await ask(world, "app://stillroom/api/runs")).json()).toEqual({ runs: [], broken: [] });
  const unknown = await ask(world, "app://stillroom/api/nothing");
  expect([unknown.status, await unknown.json()]).toEqual([404, expect.objectContaining({ code: "not-found" })]);
  // Begins with the same letters, and is a file of the page.
  expect(await (await ask(world, "app://stillroom/apis.js")).text()).toBe("There is no /apis.js.");
});

test("the host computes in a utility process, and every message of it is answered for", async () => {
  const { world } = await start();
  const app = await (await ask(world, "app://stillroom/api/app")).json();
  expect(app).toMatchObject({ version: "1.2.3", host: "electron", computeChild: true });
  const answer = ask(world, "app://stillroom/api/compute/adapters");
  await vi.waitFor(() => expect(world.children).toHaveLength(1));
  const [child] = world.children;
  expect(child.path).toMatch(/child\.[jt]s$/);
  expect(child.options).toMatchObject({ serviceName: "Stillroom compute", execArgv: [] });
  child.emit("message", { number: 0, message: { type: "ready" } });
  expect(child.received).toEqual([{ received: 0 }, { message: { type: "adapters", measure: false } }]);
  child.emit("error", "FatalError", "heap", "");
  child.emit("exit", 5);
  expect(await (await answer).json()).toMatchObject({
    code: "compute-died",
    message: "The computing process ended unexpectedly (FatalError in heap).",
  });
});

test("the app ends when what computes has stopped", async () => {
  const { world } = await start();
  let prevented = 0;
  const quit = () => fake.app.emit("will-quit", { preventDefault: () => prevented++ });
  quit();
  expect([prevented, world.log.includes("quit")]).toEqual([1, false]);
  await vi.waitFor(() => expect(world.log).toContain("quit"));
  quit();
  expect(prevented).toBe(1);
});

test("the page stays where it is; a link opens in the system's browser", async () => {
  const { world, window } = await start();
  const isStopped = (event: string, url: string) => {
    let stopped = false;
    window.webContents.emit(event as "will-redirect", { url, preventDefault: () => (stopped = true) });
    return stopped;
  };
  for (const event of ["will-frame-navigate", "will-redirect"]) {
    expect(isStopped(event, "https://example.org/")).toBe(true);
    expect(isStopped(event, "file:///etc/passwd")).toBe(true);
    expect(isStopped(event, "app://elsewhere/")).toBe(true);
    expect(isStopped(event, "app://stillroom/#/runs")).toBe(false);
  }
  expect(isStopped("will-attach-webview", "app://stillroom/")).toBe(true);
  for (const url of ["https://arxiv.org/abs/2110.04181", "http://example.org", "file:///etc", "app://stillroom/", ""]) {
    expect(window.openHandler?.({ url } as electron.HandlerDetails)).toEqual({ action: "deny" });
  }
  expect(world.log.filter((line) => line.startsWith("external"))).toEqual([
    "external: https://arxiv.org/abs/2110.04181",
  ]);
});

test("every permission is denied but writing text to the clipboard", async () => {
  const { world } = await start();
  const check = world.session.check as (contents: null, permission: string, origin: string) => boolean;
  const request = world.session.request as (
    contents: null,
    permission: string,
    answer: (isGranted: boolean) => void,
    details: { requestingUrl: string },
  ) => void;
  const asked = (permission: string, url: string) => {
    let isGranted: boolean | undefined;
    request(null, permission, (answer) => (isGranted = answer), { requestingUrl: url });
    return [check(null, permission, url), isGranted];
  };
  for (const permission of ["media", "geolocation", "notifications", "clipboard-read", "hid", "openExternal"]) {
    expect(asked(permission, "app://stillroom/"), permission).toEqual([false, false]);
  }
  expect(asked("clipboard-sanitized-write", "app://stillroom/")).toEqual([true, true]);
  expect(asked("clipboard-sanitized-write", "https://example.org/")).toEqual([false, false]);
  expect((world.session.device as () => boolean)()).toBe(false);
});

test("a second start shows the window of the first, and ends", async () => {
  const { window } = await start();
  window.isSmall = true;
  fake.app.emit("second-instance");
  expect(window.log).toEqual(["restore", "show", "focus"]);

  const second = await load({ hasLock: false });
  second.becomeReady();
  await new Promise(setImmediate);
  expect(second.log).toEqual(["quit"]);
  expect([second.schemes, second.windows]).toEqual([[], []]);
});

test("a store that cannot be opened is told in a box, and the app ends", async () => {
  await mkdir(join(folder.path, "store"));
  await writeFile(join(folder.path, "store/store.json"), '{"version":99}');
  const world = await load();
  world.becomeReady();
  await vi.waitFor(() => expect(world.log.at(-1)).toBe("exit: 1"));
  expect(world.log.at(-2)).toMatch(/^error: Stillroom cannot start: .*newer version.*Update Stillroom/);
  expect(world.windows).toEqual([]);
});

test.each(["linux", "darwin"])("the menu on %s has every action once, and tells the page", async (name) => {
  Object.defineProperty(process, "platform", { value: name });
  const { world, window } = await start();
  const items = world.template.flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu : []));
  for (const action of actions) {
    const found = items.filter(({ id }) => id === action.id);
    expect(found, action.id).toHaveLength(1);
    expect(found[0].accelerator).toBe("accelerator" in action ? action.accelerator : undefined);
    (found[0].click as () => void)();
    expect(window.sent.at(-1)).toEqual(["action", action.id]);
  }
  const accelerators = items.flatMap(({ accelerator }) => accelerator ?? []);
  expect(new Set(accelerators).size).toBe(accelerators.length);
  expect(world.template[0]).toMatchObject(name === "darwin" ? { role: "appMenu" } : { label: "File" });
});

test("dialogs answer the app's own page only", async () => {
  const { world, window } = await start({ chosenPaths: ["/data/cats"] });
  const call = async (channel: string, frame: object, ...words: unknown[]) =>
    world.ipc.get(channel)!(
      { sender: window.webContents, senderFrame: frame } as unknown as electron.IpcMainInvokeEvent,
      ...words,
    );
  const own = { url: "app://stillroom/", parent: null };
  expect(await call("chooseFolder", own)).toBe("/data/cats");
  expect(await call("chooseZip", own)).toBeUndefined();
  expect(await call("chooseExportFolder", own)).toBeUndefined();
  await call("reveal", own, "/data/out");
  expect(world.log.slice(-4)).toEqual([
    "open: openDirectory",
    "open: openFile",
    "open: openDirectory createDirectory",
    "reveal: /data/out",
  ]);
  const count = world.log.length;
  await expect(call("chooseFolder", { url: "https://example.org/", parent: null })).rejects.toThrow(/own page/);
  await expect(call("reveal", { url: "app://stillroom/", parent: own }, "/data")).rejects.toThrow(/own page/);
  await expect(call("reveal", own, "data/out")).rejects.toThrow("data/out is not an absolute path.");
  expect(world.log).toHaveLength(count);
});

test("after a crash of the page, reloading is offered", async () => {
  const { world, window } = await start({ answers: [0, 1] });
  const crash = (reason: string) => window.webContents.emit("render-process-gone", {}, { reason, exitCode: 1 });
  crash("clean-exit");
  expect(world.answers).toEqual([0, 1]);
  crash("oom");
  await vi.waitFor(() => expect(window.log).toEqual(["reload"]));
  crash("crashed");
  await vi.waitFor(() => expect(window.log).toEqual(["reload", "destroy"]));
});

test("a page that computes is closed only when the person says so", async () => {
  const { window } = await start({ answers: [1, 0] });
  const isClosed = () => {
    let closes = false;
    window.webContents.emit("will-prevent-unload", { preventDefault: () => (closes = true) });
    return closes;
  };
  expect([isClosed(), isClosed()]).toEqual([false, true]);
});

test("the window comes back to its place, but not to a display that is gone", async () => {
  const left = fake.makeDisplay(2, { x: -1280, y: 0, width: 1280, height: 984 });
  const displays = [fake.makeDisplay(1, { x: 0, y: 0, width: 1920, height: 1040 }), left];
  const { window } = await start({ displays });
  expect(window.options).toMatchObject({ x: 240, y: 70, width: 1440, height: 900 });
  window.bounds = { x: -1200, y: 40, width: 1000, height: 700 };
  window.isLarge = true;
  window.emit("close");
  const file = join(folder.path, "window.json");
  await vi.waitFor(async () => expect(JSON.parse(await readFile(file, "utf8"))).toHaveProperty("isMaximised", true));
  const again = (await start({ displays })).window;
  expect(again.options).toMatchObject({ x: -1200, y: 40, width: 1000, height: 700 });
  expect(again.isLarge).toBe(true);
  const alone = (await start()).window;
  expect(alone.options).toMatchObject({ x: 460, y: 170, width: 1000, height: 700 });
});

test("the machine stays awake while the page computes", async () => {
  vi.useFakeTimers({ toFake: ["setInterval"] });
  const { world } = await start();
  const send = async (path: string, body: object, session?: string) => {
    const response = await ask(world, `app://stillroom/api/runs${path}`, {
      method: session === undefined ? "POST" : "PATCH",
      body: JSON.stringify(body),
      headers: session === undefined ? {} : { [SESSION_HEADER]: session },
    });
    return (await response.json()) as { session: string };
  };
  await vi.advanceTimersByTimeAsync(5_000);
  expect(world.held.size).toBe(0);
  const about = { name: "small", recipe: {}, seed: 0, dataset: { id: "d", name: "d", fingerprint: "f" } };
  // As if it had been made while its dataset was there: nothing is computed here.
  const record = { ...about, app: { version: "1" }, backend: "webgpu", adapter: "" };
  const { id } = (await createRun(join(folder.path, "store"), { record })).record;
  const begin = { backend: "webgpu", adapter: "GPU", events: 0, stage: "synthesise", step: 0, evaluate: false };
  const { session } = await send(`/${id}/session`, begin);
  await vi.advanceTimersByTimeAsync(5_000);
  await vi.waitFor(() => expect([...world.held]).toEqual([7]));
  expect(world.log).toContain("hold: prevent-app-suspension");
  await send(`/${id}/session`, { outcome: { status: "stopped" } }, session);
  await vi.advanceTimersByTimeAsync(5_000);
  await vi.waitFor(() => expect(world.held.size).toBe(0));
});

test("the preload gives the page six functions and nothing else", async () => {
  const world = fake.resetWorld();
  await import("../../electron/preload.ts");
  expect([...world.exposed.keys()]).toEqual(["stillroom"]);
  const api = world.exposed.get("stillroom") as import("../../shared/api/shell.ts").Shell<File>;
  expect(Object.keys(api).sort()).toEqual(
    ["chooseExportFolder", "chooseFolder", "chooseZip", "onAction", "pathOf", "reveal"].sort(),
  );
  expect(api.pathOf(new File([], "cats"))).toBe("/dropped/cats");
  expect(await api.reveal("/data")).toEqual({ channel: "reveal", words: ["/data"] });
  const heard: string[] = [];
  const stop = api.onAction((id) => heard.push(id));
  fake.ipcRenderer.emit("action", {}, "palette");
  stop();
  fake.ipcRenderer.emit("action", {}, "runs");
  expect(heard).toEqual(["palette"]);
});
