// The native dialogs: those that the page asks for, and those that the shell shows by itself.
import { isAbsolute } from "node:path";
import { BrowserWindow, dialog, type IpcMainInvokeEvent, ipcMain, type OpenDialogOptions, shell } from "electron";
import type { Shell } from "../shared/api/shell.ts";
import { describeError, UserError } from "../shared/lib/user-error.ts";
import { isOwn } from "./protocol.ts";

/** One row a dialog: its name in the preload, and what may be chosen. */
const choices = {
  chooseFolder: { title: "Import a folder", buttonLabel: "Import", properties: ["openDirectory"] },
  chooseZip: {
    title: "Import a zip",
    buttonLabel: "Import",
    properties: ["openFile"],
    // Unpacked IDX files have no ending of their own.
    filters: [
      { name: "Zip archives and packed IDX files", extensions: ["zip", "gz"] },
      { name: "All files", extensions: ["*"] },
    ],
  },
  chooseExportFolder: {
    title: "Export to a folder",
    buttonLabel: "Export here",
    properties: ["openDirectory", "createDirectory"],
  },
} satisfies Partial<Record<keyof Shell<unknown>, OpenDialogOptions>>;

export function answerDialogs(): void {
  for (const [name, options] of Object.entries(choices)) {
    ipcMain.handle(name, async (event) => {
      const window = requireOwnWindow(event);
      const { canceled, filePaths } = await dialog.showOpenDialog(window, options);
      return canceled ? undefined : filePaths[0];
    });
  }
  ipcMain.handle("reveal", (event, path: unknown) => {
    requireOwnWindow(event);
    if (typeof path !== "string" || !isAbsolute(path)) {
      throw new UserError("bad-path", `${String(path)} is not an absolute path.`, "Give the path from the root.");
    }
    shell.showItemInFolder(path);
  });
}

/** Only the app's own page is answered, never a frame that found its way into it. */
function requireOwnWindow(event: IpcMainInvokeEvent): BrowserWindow {
  const window = BrowserWindow.fromWebContents(event.sender);
  const frame = event.senderFrame;
  if (!window || !frame || frame.parent || !isOwn(frame.url)) {
    throw new UserError("not-allowed", "Only the app's own page may open dialogs.");
  }
  return window;
}

/** After a crash of the page. Runs in it have stopped at their last checkpoint; true means "reload". */
export async function askToReload(window: BrowserWindow, reason: string): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: "error",
    message: "The window has stopped working.",
    detail: `Reason: ${reason}. Nothing is lost: a run that computed in it goes on from its last checkpoint after reloading.`,
    buttons: ["Reload", "Close the window"],
    defaultId: 0,
    cancelId: 1,
  });
  return response === 0;
}

/** When the page objects to being closed, since it computes; true means "close". */
export function askToClose(window: BrowserWindow): boolean {
  const response = dialog.showMessageBoxSync(window, {
    type: "question",
    message: "A run is computing in this window.",
    detail: "Closing pauses it at its last checkpoint; it can be resumed from the list of runs.",
    buttons: ["Close and pause", "Keep the window open"],
    defaultId: 1,
    cancelId: 1,
  });
  return response === 0;
}

/** When the app cannot start at all. */
export function showStartFailure(error: unknown): void {
  dialog.showErrorBox("Stillroom cannot start", describeError(error));
}
