// Listens to the keys of the one list of actions.
import { useEffect } from "react";
import { type Action, actions } from "../../shared/api/actions.ts";
import { commands, isMac } from "../host.ts";
import { matchesKey } from "../stores/keys.ts";
import { dialog } from "../ui.ts";

/** A bare key belongs to a text field, a list or a slider that has the focus; Space to a button, too. */
function isTaken(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("input, textarea, select, [role=slider], [role=listbox]")) return true;
  return (key === " " || key === "Enter") && target.matches("button, a, summary, [role=button], [role=radio]");
}

export function useKeys(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      // A dialog has the keys to itself, also one that a view has opened.
      const isCovered = dialog.getState().open || document.querySelector('[aria-modal="true"]') !== null;
      if (event.defaultPrevented || isCovered) return;
      for (const action of actions as readonly Action[]) {
        const byAccelerator = action.accelerator !== undefined && matchesKey(action.accelerator, event, isMac);
        const byKey =
          action.key !== undefined && !isTaken(event.target, event.key) && matchesKey(action.key, event, isMac);
        if ((byAccelerator || byKey) && commands.getState().run(action.id)) {
          event.preventDefault();
          return;
        }
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
