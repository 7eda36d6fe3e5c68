// Binds a handler to an action of the one list while a component is shown.
import { useEffect, useRef } from "react";
import type { ActionId } from "../../shared/api/actions.ts";
import { commands } from "../host.ts";

export function useAction(id: ActionId, perform: () => void, isEnabled = true): void {
  const latest = useRef(perform);
  latest.current = perform;
  useEffect(() => commands.getState().bind(id, { perform: () => latest.current(), isEnabled }), [id, isEnabled]);
}
