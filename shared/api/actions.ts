// Every action that has a name: the native menu, the palette and the help sheet are made from this one list.

interface ActionRow {
  readonly id: string;
  readonly label: string;
  /** The native menu that shows it. */
  readonly menu: "file" | "view" | "run" | "help";
  /** In Electron's spelling. A key without a modifier is the page's own, since in a native menu it would take the key from text fields. */
  readonly accelerator?: string;
  /** The key that the page listens to while no text field has the focus. */
  readonly key?: string;
}

export const actions = [
  { id: "import-folder", label: "Import a folder…", menu: "file", accelerator: "CmdOrCtrl+O" },
  { id: "import-zip", label: "Import a zip…", menu: "file", accelerator: "CmdOrCtrl+Shift+O" },
  { id: "import-sample", label: "Import the sample dataset", menu: "file" },
  { id: "new-run", label: "New run…", menu: "file", accelerator: "CmdOrCtrl+N" },
  { id: "open-recipe", label: "Open a recipe…", menu: "file", accelerator: "CmdOrCtrl+Shift+N" },
  { id: "export", label: "Export…", menu: "file", accelerator: "CmdOrCtrl+E", key: "e" },
  { id: "settings", label: "Settings…", menu: "file", accelerator: "CmdOrCtrl+," },
  { id: "palette", label: "Command palette", menu: "view", accelerator: "CmdOrCtrl+K" },
  { id: "datasets", label: "Datasets", menu: "view", accelerator: "CmdOrCtrl+1" },
  { id: "runs", label: "Runs", menu: "view", accelerator: "CmdOrCtrl+2" },
  { id: "recipes", label: "Recipes", menu: "view", accelerator: "CmdOrCtrl+3" },
  { id: "artifacts", label: "Artifacts", menu: "view", accelerator: "CmdOrCtrl+4" },
  { id: "compare", label: "Compare the selected runs", menu: "run", key: "c" },
  { id: "run-again", label: "Run again", menu: "run" },
  { id: "duplicate-run", label: "Duplicate with changes…", menu: "run", key: "d" },
  { id: "rename", label: "Rename…", menu: "run", key: "F2" },
  { id: "delete", label: "Delete…", menu: "run", key: "Delete" },
  { id: "pause", label: "Pause or resume", menu: "run", key: " " },
  { id: "live", label: "Follow the live step", menu: "run", key: "l" },
  { id: "step-back", label: "Step back", menu: "run", key: "ArrowLeft" },
  { id: "step-on", label: "Step on", menu: "run", key: "ArrowRight" },
  { id: "zoom-images", label: "Zoom the images", menu: "run", key: "g" },
  { id: "help", label: "Keys and help", menu: "help", accelerator: "F1", key: "?" },
  { id: "copy-diagnostics", label: "Copy diagnostics", menu: "help" },
] as const satisfies readonly ActionRow[];

export type ActionId = (typeof actions)[number]["id"];

/** One action with every field spelt out, for code that loops over the list. */
export type Action = ActionRow & { readonly id: ActionId };
