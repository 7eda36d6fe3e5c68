// Keys as the list of actions spells them, "CmdOrCtrl+K" or "ArrowLeft": matched against events, and written for people.

interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

/** `CmdOrCtrl` is Command on a Mac and Control elsewhere. */
export function matchesKey(shortcut: string, press: KeyPress, isMac: boolean): boolean {
  const parts = shortcut.split("+");
  const key = parts.at(-1) ?? "";
  const wants = (name: string) => parts.slice(0, -1).includes(name);
  const mod = isMac ? press.metaKey : press.ctrlKey;
  const other = isMac ? press.ctrlKey : press.metaKey;
  if (mod !== wants("CmdOrCtrl") || other || press.altKey !== wants("Alt")) return false;
  // A sign such as ? needs Shift on some keyboards and not on others.
  const isSign = key.length === 1 && !/[a-z0-9 ]/i.test(key);
  if (!isSign && press.shiftKey !== wants("Shift")) return false;
  return press.key.toLowerCase() === key.toLowerCase();
}

const names: Readonly<Record<string, string>> = {
  ArrowLeft: "Left",
  ArrowRight: "Right",
  ArrowUp: "Up",
  ArrowDown: "Down",
  " ": "Space",
};

export function showKeys(shortcut: string, isMac: boolean): string[] {
  return shortcut
    .split("+")
    .map((part) =>
      part === "CmdOrCtrl" ? (isMac ? "⌘" : "Ctrl") : (names[part] ?? (part.length === 1 ? part.toUpperCase() : part)),
    );
}
