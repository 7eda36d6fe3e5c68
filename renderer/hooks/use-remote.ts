// Reads something of the host when it is first shown, and gives what is known of it.
import { useEffect } from "react";
import { useStore } from "zustand";
import type { Remote } from "../stores/remote.ts";

export function useRemote<T>(remote: Remote<T>) {
  const state = useStore(remote.store);
  useEffect(() => {
    remote.refresh();
  }, [remote]);
  return state;
}
