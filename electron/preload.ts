// The only bridge between page and system: paths of dropped files, native dialogs, entries of the native menu.
import { contextBridge, ipcRenderer, webUtils } from "electron";
import type { Shell } from "../shared/api/shell.ts";

const shell: Shell<File> = {
  pathOf: (file) => webUtils.getPathForFile(file),
  chooseFolder: () => ipcRenderer.invoke("chooseFolder"),
  chooseZip: () => ipcRenderer.invoke("chooseZip"),
  chooseExportFolder: () => ipcRenderer.invoke("chooseExportFolder"),
  reveal: (path) => ipcRenderer.invoke("reveal", path),
  onAction(listener) {
    const hear = (_event: unknown, id: Parameters<typeof listener>[0]) => listener(id);
    ipcRenderer.on("action", hear);
    return () => void ipcRenderer.off("action", hear);
  },
};

contextBridge.exposeInMainWorld("stillroom", shell);
