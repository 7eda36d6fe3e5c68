// The window: sandboxed, bound to its own origin, awake while hidden, and where it stood the last time.
import { BrowserWindow, type Session, screen, shell } from "electron";
import { askToClose, askToReload } from "./dialogs.ts";
import { isOwn, origin } from "./protocol.ts";
import { minimumSize, placeWindow, readWindowState, writeWindowState } from "./state.ts";

export interface WindowOptions {
  readonly preload: string;
  readonly icon: string;
  readonly stateFile: string;
}

/** The page's and the panel's greys, so that the first frame is no flash. */
const backgrounds = { light: "#F6F6F5", dark: "#161617" };
const SAVE_AFTER_MS = 400;

export async function openWindow(options: WindowOptions & { readonly isDark: boolean }): Promise<BrowserWindow> {
  const state = await readWindowState(options.stateFile);
  const main = screen.getPrimaryDisplay();
  const others = screen.getAllDisplays().filter(({ id }) => id !== main.id);
  const window = new BrowserWindow({
    ...placeWindow(state, [main.workArea, ...others.map(({ workArea }) => workArea)]),
    minWidth: minimumSize.width,
    minHeight: minimumSize.height,
    title: "Stillroom",
    icon: options.icon,
    backgroundColor: backgrounds[options.isDark ? "dark" : "light"],
    show: false,
    webPreferences: {
      preload: options.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      webviewTag: false,
      spellcheck: false,
      // A hidden or minimised window goes on computing at full speed.
      backgroundThrottling: false,
    },
  });
  if (state?.isMaximised) window.maximize();
  window.once("ready-to-show", () => window.show());
  keepInside(window);
  offerReload(window);
  rememberPlace(window, options.stateFile);
  await window.loadURL(`${origin}/`);
  return window;
}

/** No other page in the window and no other window; a paper's link opens in the system's browser. */
function keepInside(window: BrowserWindow): void {
  const { webContents } = window;
  webContents.on("will-frame-navigate", (event) => {
    if (!isOwn(event.url)) event.preventDefault();
  });
  webContents.on("will-redirect", (event) => {
    if (!isOwn(event.url)) event.preventDefault();
  });
  webContents.on("will-attach-webview", (event) => event.preventDefault());
  webContents.setWindowOpenHandler(({ url }) => {
    if (URL.canParse(url) && new URL(url).protocol === "https:") void shell.openExternal(url);
    return { action: "deny" };
  });
}

function offerReload(window: BrowserWindow): void {
  window.webContents.on("render-process-gone", async (_event, { reason }) => {
    if (reason === "clean-exit" || window.isDestroyed()) return;
    const wantsReload = await askToReload(window, reason);
    if (window.isDestroyed()) return;
    if (wantsReload) window.reload();
    else window.destroy();
  });
  // Without an answer Electron would ignore the close button in silence.
  window.webContents.on("will-prevent-unload", (event) => {
    if (askToClose(window)) event.preventDefault();
  });
}

function rememberPlace(window: BrowserWindow, path: string): void {
  let timer: NodeJS.Timeout | undefined;
  const save = () => {
    clearTimeout(timer);
    if (window.isDestroyed()) return;
    const state = { bounds: window.getNormalBounds(), isMaximised: window.isMaximized() };
    // A place that cannot be kept is forgotten; it is no reason to disturb anyone.
    writeWindowState(path, state).catch((error: unknown) => console.warn(`${path} is not written: ${String(error)}`));
  };
  const saveSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
  };
  window.on("resize", saveSoon);
  window.on("move", saveSoon);
  window.on("close", save);
}

/** Nothing that a page may ask a system for is granted, but writing text to the clipboard, which copies diagnostics. */
export function denyPermissions(session: Session): void {
  const isGranted = (permission: string, url: string) => permission === "clipboard-sanitized-write" && isOwn(url);
  session.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) =>
    answer(isGranted(permission, requestingUrl)),
  );
  session.setPermissionCheckHandler((_contents, permission, requester) => isGranted(permission, requester));
  session.setDevicePermissionHandler(() => false);
}
