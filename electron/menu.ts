// The native menu, made from the one list of actions; the system's own entries come as roles.
import { type BrowserWindow, Menu, type MenuItemConstructorOptions } from "electron";
import { type Action, type ActionId, actions } from "../shared/api/actions.ts";

const separator: MenuItemConstructorOptions = { type: "separator" };

interface MenuOptions {
  readonly platform: NodeJS.Platform;
  readonly isPackaged: boolean;
  readonly onAction: (id: ActionId) => void;
}

export function createMenu({ platform, isPackaged, onAction }: MenuOptions): Menu {
  const isMac = platform === "darwin";
  const entriesOf = (menu: Action["menu"]): MenuItemConstructorOptions[] =>
    (actions as readonly Action[])
      .filter((action) => action.menu === menu)
      .map(({ id, label, accelerator }) => ({ id, label, accelerator, click: () => onAction(id) }));
  const template: MenuItemConstructorOptions[] = [
    ...(isMac ? [{ role: "appMenu" } as const] : []),
    { label: "File", submenu: [...entriesOf("file"), separator, { role: isMac ? "close" : "quit" }] },
    { role: "editMenu" },
    {
      label: "View",
      submenu: [
        ...entriesOf("view"),
        separator,
        { role: "resetZoom" },
        { role: "zoomIn" },
        { role: "zoomOut" },
        { role: "togglefullscreen" },
        ...(isPackaged ? [] : [separator, { role: "reload" } as const, { role: "toggleDevTools" } as const]),
      ],
    },
    { label: "Run", submenu: entriesOf("run") },
    { role: "windowMenu" },
    { role: "help", submenu: entriesOf("help") },
  ];
  return Menu.buildFromTemplate(template);
}

/** Tells the page which entry was chosen. */
export function sendAction(window: BrowserWindow, id: ActionId): void {
  window.webContents.send("action", id);
}
