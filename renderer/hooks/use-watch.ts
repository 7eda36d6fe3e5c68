// Watches a run while it is shown.
import { useEffect, useMemo } from "react";
import { client, compute } from "../host.ts";
import { createRunWatch, type RunWatch } from "../stores/watch-run.ts";

export function useWatch(id: string): RunWatch {
  const watch = useMemo(() => createRunWatch(client, id), [id]);
  useEffect(() => {
    watch.follow();
    // Another window, or the command line, may have resumed a run that had ended here.
    const end = compute.store.subscribe(({ value }) => {
      const isComputed = value?.running?.runId === id;
      if (isComputed && watch.store.getState().connection === "ended") watch.follow();
    });
    return () => {
      end();
      watch.dispose();
    };
  }, [watch, id]);
  return watch;
}
