// Gives the focus back when a dialog goes: Mantine's own return needs dialogs that stay mounted, and ours do not.
// While a dialog is there, its focus stays where the person has put it, also when Mantine gives it once more.
import { useEffect } from "react";

const DIALOG = "[role=dialog]";
/** Mantine focuses what has this attribute, shortly after a dialog opens and, on a slow machine, again. */
const AUTOFOCUS = "data-autofocus";

export function useFocusReturn(): void {
  useEffect(() => {
    let before: HTMLElement | undefined;
    const observer = new MutationObserver(() => {
      if (document.querySelector(DIALOG)) return;
      observer.disconnect();
      if (document.activeElement !== document.body) return;
      // What opened the dialog may be gone, as a menu's item is.
      const target = before?.isConnected ? before : document.getElementById("content");
      target?.focus({ preventScroll: true });
    });
    const track = ({ target }: FocusEvent) => {
      if (!(target instanceof HTMLElement)) return;
      const dialog = target.closest(DIALOG);
      if (!dialog) {
        before = target;
        return;
      }
      observer.observe(document.body, { childList: true, subtree: true });
      for (const other of dialog.querySelectorAll(`[${AUTOFOCUS}]`)) other.removeAttribute(AUTOFOCUS);
      target.setAttribute(AUTOFOCUS, "");
    };
    document.addEventListener("focusin", track);
    return () => {
      document.removeEventListener("focusin", track);
      observer.disconnect();
    };
  }, []);
}
