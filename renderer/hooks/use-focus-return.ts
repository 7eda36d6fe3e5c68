// Gives the focus back when a dialog goes: Mantine's own return needs dialogs that stay mounted, and ours do not.
import { useEffect } from "react";

const DIALOG = "[role=dialog]";

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
      if (target.closest(DIALOG)) observer.observe(document.body, { childList: true, subtree: true });
      else before = target;
    };
    document.addEventListener("focusin", track);
    return () => {
      document.removeEventListener("focusin", track);
      observer.disconnect();
    };
  }, []);
}
