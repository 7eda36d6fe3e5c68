// Stands for Electron in plain Node, so that the built main process runs: app:// is asked what the app is, then to import STUB_DATA.
const root = process.env.STUB_APP;
const nothing = () => {};

async function importData(handler) {
  const body = JSON.stringify({ path: process.env.STUB_DATA, options: {} });
  const app = await handler(new Request("app://stillroom/api/app"));
  const answer = await handler(new Request("app://stillroom/api/datasets", { method: "POST", body }));
  process.stdout.write(`${await app.text()}\n${await answer.text()}`, () => process.exit(0));
}

const contents = { on: nothing, setWindowOpenHandler: nothing, send: nothing };
const display = { id: 1, workArea: { x: 0, y: 0, width: 1920, height: 1080 } };

exports.app = {
  isPackaged: false,
  requestSingleInstanceLock: () => true,
  enableSandbox: nothing,
  commandLine: { appendSwitch: nothing },
  whenReady: async () => {},
  getAppPath: () => root,
  getPath: () => root,
  getVersion: () => "1.2.3",
  on: nothing,
  quit: nothing,
  exit: (code) => process.exit(code),
};
exports.protocol = {
  registerSchemesAsPrivileged: nothing,
  handle: (_scheme, handler) => void importData(handler),
};
exports.BrowserWindow = class {
  webContents = contents;
  on() {}
  once() {}
  async loadURL() {}
};
exports.Menu = { buildFromTemplate: nothing, setApplicationMenu: nothing };
exports.dialog = { showErrorBox: (title, text) => console.error(title, text) };
exports.ipcMain = { handle: nothing };
exports.nativeTheme = { shouldUseDarkColors: false };
exports.powerSaveBlocker = { start: nothing, stop: nothing };
exports.screen = { getPrimaryDisplay: () => display, getAllDisplays: () => [display] };
exports.session = {
  defaultSession: {
    setPermissionRequestHandler: nothing,
    setPermissionCheckHandler: nothing,
    setDevicePermissionHandler: nothing,
  },
};
exports.shell = {};
exports.utilityProcess = {};
