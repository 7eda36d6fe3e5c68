// The desktop app: the host and one window on it, once for each user.
import { join } from "node:path";
import { app, BrowserWindow, Menu, nativeTheme, powerSaveBlocker, session } from "electron";
import { stayAwake } from "./awake.ts";
import { createChildCompute } from "./compute/child-compute.ts";
import { answerDialogs, showStartFailure } from "./dialogs.ts";
import { createHost } from "./host/app.ts";
import { createLog } from "./host/log.ts";
import { createPage } from "./host/page.ts";
import { openStore } from "./host/store.ts";
import { createMenu, sendAction } from "./menu.ts";
import { registerScheme, serveScheme } from "./protocol.ts";
import { spawnUtility } from "./utility.ts";
import { denyPermissions, openWindow } from "./window.ts";

const AWAKE_EVERY_MS = 5_000;

/** Everything here must be said before the app is ready. */
function prepare(): void {
  registerScheme();
  app.enableSandbox();
  app.commandLine.appendSwitch("disable-renderer-backgrounding");
  if (process.platform === "linux") {
    // Chromium on Linux gives no adapter, or a software one in silence, without these.
    app.commandLine.appendSwitch("enable-unsafe-webgpu");
    app.commandLine.appendSwitch("enable-features", "Vulkan,VulkanFromANGLE,DefaultANGLEVulkan");
  }
}

async function start(): Promise<void> {
  await app.whenReady();
  const store = await openStore();
  const log = createLog();
  const compute = createChildCompute({ home: store.home, log, spawn: spawnUtility });
  const host = createHost({ store, version: app.getVersion(), kind: "electron", compute, log });
  serveScheme({ api: (request) => host.fetch(request), page: createPage(fileOf("dist/renderer")) });
  denyPermissions(session.defaultSession);
  answerDialogs();
  Menu.setApplicationMenu(
    createMenu({
      platform: process.platform,
      isPackaged: app.isPackaged,
      onAction: (id) => {
        const window = BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0];
        if (window) sendAction(window, id);
      },
    }),
  );
  const awake = stayAwake({
    isComputing: async () => host.computing().running !== null,
    hold: () => powerSaveBlocker.start("prevent-app-suspension"),
    release: (id) => powerSaveBlocker.stop(id),
    everyMs: AWAKE_EVERY_MS,
  });
  quitAfter(async () => {
    awake[Symbol.dispose]();
    await compute.dispose();
    await host.dispose();
  });
  // On macOS too: without its window the app has nothing to show or to do.
  app.on("window-all-closed", () => app.quit());
  await open();
}

/** Lets what computes stop within a step and write it down before the app ends. */
function quitAfter(finish: () => Promise<void>): void {
  let isFinished = false;
  app.on("will-quit", (event) => {
    if (isFinished) return;
    event.preventDefault();
    void finish()
      .catch((error: unknown) => console.error(error))
      .finally(() => {
        isFinished = true;
        app.quit();
      });
  });
}

function open(): Promise<BrowserWindow> {
  return openWindow({
    preload: fileOf("dist/preload/preload.cjs"),
    icon: fileOf("assets/icon/icon.png"),
    stateFile: join(app.getPath("userData"), "window.json"),
    isDark: nativeTheme.shouldUseDarkColors,
  });
}

/** A file of the app: of the checkout, or of the archive once packaged. */
function fileOf(path: string): string {
  return join(app.getAppPath(), path);
}

function showWindow(): void {
  const window = BrowserWindow.getAllWindows()[0];
  if (!window) return;
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}

if (app.requestSingleInstanceLock()) {
  prepare();
  app.on("second-instance", showWindow);
  start().catch((error: unknown) => {
    showStartFailure(error);
    app.exit(1);
  });
} else {
  app.quit();
}
