// Electron as far as the shell asks it: every member is checked against Electron's own types, and what is asked is written down.
// It shows what we ask of Electron, not what Electron does.
import { EventEmitter } from "node:events";
import type * as electron from "electron";

/** What the shell asked for, and what the fake answers. */
export interface World {
  appPath: string;
  userData: string;
  hasLock: boolean;
  displays: electron.Display[];
  /** Answers to dialogs, taken from the front. */
  answers: number[];
  chosenPaths: string[];
  isReady: boolean;
  becomeReady: () => void;
  schemes: electron.CustomScheme[];
  handlers: Map<string, (request: Request) => Response | Promise<Response>>;
  ipc: Map<string, (event: electron.IpcMainInvokeEvent, ...words: unknown[]) => unknown>;
  switches: Map<string, string>;
  windows: FakeWindow[];
  children: FakeChild[];
  template: electron.MenuItemConstructorOptions[];
  session: Partial<Record<"request" | "check" | "device", unknown>>;
  held: Set<number>;
  exposed: Map<string, unknown>;
  /** Calls that only need to be seen, as "name: value". */
  log: string[];
}

const createWorld = (): World => {
  let becomeReady = () => {};
  const ready = new Promise<void>((fulfil) => {
    becomeReady = fulfil;
  });
  readiness = ready;
  const world: World = {
    appPath: "/nowhere",
    userData: "/nowhere",
    hasLock: true,
    displays: [makeDisplay(1, { x: 0, y: 0, width: 1920, height: 1040 })],
    answers: [],
    chosenPaths: [],
    isReady: false,
    becomeReady: () => {
      world.isReady = true;
      becomeReady();
    },
    schemes: [],
    handlers: new Map(),
    ipc: new Map(),
    switches: new Map(),
    windows: [],
    children: [],
    template: [],
    session: {},
    held: new Set(),
    exposed: new Map(),
    log: [],
  };
  return world;
};

export function makeDisplay(id: number, workArea: electron.Rectangle): electron.Display {
  return partial<electron.Display>({ id, workArea, bounds: workArea });
}

/** Members that are given must have Electron's types; asking for another one is an error with its name. */
function partial<T extends object>(members: Partial<T>): T {
  return new Proxy(members as T, {
    get(target, name, receiver) {
      if (name in target || typeof name === "symbol" || name === "then") return Reflect.get(target, name, receiver);
      throw new Error(`electron-fake has no ${name}`);
    },
  });
}

/** The same for objects that also emit events. */
function emitting<T extends object>(members: Partial<T>): T {
  return partial<T>(Object.assign(new EventEmitter(), members) as unknown as Partial<T>);
}

let readiness: Promise<void> = Promise.resolve();
export let world = createWorld();

/** A new machine: nothing started, nothing asked. */
export function resetWorld(changes: Partial<World> = {}): World {
  app.removeAllListeners();
  world = Object.assign(createWorld(), changes);
  return world;
}

const requireReady = (isReady: boolean, what: string) => {
  if (world.isReady !== isReady) throw new Error(`${what} must be called ${isReady ? "after" : "before"} ready`);
};
const note = (name: string, value?: unknown) => void world.log.push(value === undefined ? name : `${name}: ${value}`);

export const app = emitting<electron.App>({
  get isPackaged() {
    return false;
  },
  whenReady: () => readiness,
  requestSingleInstanceLock: () => world.hasLock,
  enableSandbox: () => {
    requireReady(false, "enableSandbox");
    note("sandbox");
  },
  commandLine: partial<electron.CommandLine>({
    appendSwitch: (name, value = "") => {
      requireReady(false, "appendSwitch");
      world.switches.set(name, value);
    },
  }),
  getAppPath: () => world.appPath,
  getVersion: () => "1.2.3",
  getPath: () => world.userData,
  quit: () => note("quit"),
  exit: (code) => note("exit", code),
});

type OpenHandler = Parameters<electron.WebContents["setWindowOpenHandler"]>[0];

export class FakeWindow
  extends EventEmitter
  implements
    Pick<
      electron.BrowserWindow,
      | "loadURL"
      | "isMaximized"
      | "isMinimized"
      | "isDestroyed"
      | "getNormalBounds"
      | "show"
      | "focus"
      | "restore"
      | "maximize"
      | "reload"
      | "destroy"
    >
{
  readonly options: electron.BrowserWindowConstructorOptions;
  readonly sent: unknown[][] = [];
  readonly log: string[] = [];
  url = "";
  bounds: electron.Rectangle;
  isLarge = false;
  isSmall = false;
  openHandler: OpenHandler | undefined;
  readonly webContents = emitting<electron.WebContents>({
    send: (...words) => void this.sent.push(words),
    setWindowOpenHandler: (handler: OpenHandler) => {
      this.openHandler = handler;
    },
  });

  constructor(options: electron.BrowserWindowConstructorOptions = {}) {
    super();
    requireReady(true, "BrowserWindow");
    this.options = options;
    const { x = 0, y = 0, width = 800, height = 600 } = options;
    this.bounds = { x, y, width, height };
    world.windows.push(this);
  }

  static getAllWindows = () => world.windows as unknown as electron.BrowserWindow[];
  static getFocusedWindow = () => null;
  static fromWebContents = (contents: electron.WebContents) =>
    (world.windows.find((window) => window.webContents === contents) ?? null) as unknown as electron.BrowserWindow;

  async loadURL(url: string) {
    this.url = url;
  }
  isMaximized = () => this.isLarge;
  isMinimized = () => this.isSmall;
  isDestroyed = () => this.log.includes("destroy");
  getNormalBounds = () => this.bounds;
  show = () => void this.log.push("show");
  focus = () => void this.log.push("focus");
  restore = () => void this.log.push("restore");
  reload = () => void this.log.push("reload");
  destroy = () => void this.log.push("destroy");
  maximize = () => {
    this.isLarge = true;
  };
}

export const BrowserWindow = FakeWindow as unknown as typeof electron.BrowserWindow;

export const protocol = partial<electron.Protocol>({
  registerSchemesAsPrivileged: (schemes) => {
    requireReady(false, "registerSchemesAsPrivileged");
    world.schemes.push(...schemes);
  },
  handle: (scheme, handler) => {
    requireReady(true, "protocol.handle");
    world.handlers.set(scheme, handler as (request: Request) => Response | Promise<Response>);
  },
});

export const ipcMain = partial<electron.IpcMain>({
  handle: (channel, listener) => void world.ipc.set(channel, listener),
});

export const dialog = partial<electron.Dialog>({
  showOpenDialog: (async (_window: unknown, options: electron.OpenDialogOptions) => {
    note("open", options.properties?.join(" "));
    const filePaths = world.chosenPaths.splice(0, 1);
    return { canceled: filePaths.length === 0, filePaths };
  }) as electron.Dialog["showOpenDialog"],
  showMessageBox: (async () => ({
    response: world.answers.shift() ?? -1,
    checkboxChecked: false,
  })) as electron.Dialog["showMessageBox"],
  showMessageBoxSync: (() => world.answers.shift() ?? -1) as electron.Dialog["showMessageBoxSync"],
  showErrorBox: (title, content) => note("error", `${title}: ${content}`),
});

export const Menu = {
  buildFromTemplate: (template: electron.MenuItemConstructorOptions[]) => {
    world.template = template;
    return partial<electron.Menu>({});
  },
  setApplicationMenu: () => note("menu"),
} satisfies Partial<typeof electron.Menu> as unknown as typeof electron.Menu;

export const screen = partial<electron.Screen>({
  getPrimaryDisplay: () => world.displays[0],
  getAllDisplays: () => world.displays,
});

export const session = {
  defaultSession: partial<electron.Session>({
    setPermissionRequestHandler: (handler) => {
      world.session.request = handler;
    },
    setPermissionCheckHandler: (handler) => {
      world.session.check = handler;
    },
    setDevicePermissionHandler: (handler) => {
      world.session.device = handler;
    },
  }),
} as typeof electron.session;

export const shell = partial<electron.Shell>({
  openExternal: async (url) => note("external", url),
  showItemInFolder: (path) => note("reveal", path),
});

export const powerSaveBlocker = partial<electron.PowerSaveBlocker>({
  start: (type) => {
    note("hold", type);
    world.held.add(7);
    return 7;
  },
  stop: (id) => world.held.delete(id),
});

export const nativeTheme = partial<electron.NativeTheme>({
  get shouldUseDarkColors() {
    return true;
  },
});

/** A utility process that says what a test has it say. */
export class FakeChild extends EventEmitter implements Pick<electron.UtilityProcess, "pid" | "postMessage" | "stdout"> {
  readonly pid = undefined;
  readonly stdout = null;
  readonly stderr = null;
  readonly received: unknown[] = [];
  readonly path: string;
  readonly options: electron.ForkOptions | undefined;

  constructor(path: string, options?: electron.ForkOptions) {
    super();
    requireReady(true, "utilityProcess.fork");
    this.path = path;
    this.options = options;
    world.children.push(this);
  }

  postMessage = (message: unknown) => void this.received.push(message);
}

export const utilityProcess = {
  fork: (path: string, _words?: string[], options?: electron.ForkOptions) =>
    new FakeChild(path, options) as unknown as electron.UtilityProcess,
} satisfies Partial<typeof electron.utilityProcess> as unknown as typeof electron.utilityProcess;

export const contextBridge = partial<electron.ContextBridge>({
  exposeInMainWorld: (name, api) => void world.exposed.set(name, api),
});

export const ipcRenderer = emitting<electron.IpcRenderer>({
  invoke: async (channel, ...words) => ({ channel, words }),
});

export const webUtils = partial<electron.WebUtils>({ getPathForFile: (file) => `/dropped/${file.name}` });

// The names that the shell imports must be those of Electron, with its types.
({
  app,
  BrowserWindow,
  protocol,
  ipcMain,
  dialog,
  Menu,
  screen,
  session,
  shell,
  powerSaveBlocker,
  nativeTheme,
  utilityProcess,
  contextBridge,
  ipcRenderer,
  webUtils,
}) satisfies Pick<
  typeof electron,
  | "app"
  | "BrowserWindow"
  | "protocol"
  | "ipcMain"
  | "dialog"
  | "Menu"
  | "screen"
  | "session"
  | "shell"
  | "powerSaveBlocker"
  | "nativeTheme"
  | "utilityProcess"
  | "contextBridge"
  | "ipcRenderer"
  | "webUtils"
>;
