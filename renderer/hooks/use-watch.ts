// Watches a run while it is shown.
import { useEffect, useMemo } from "react";
import { listRunning } from "../../shared/api/compute.ts";
import { client, compute, refreshRuns } from "../host.ts";
import { createRunWatch, type RunWatch } from "../stores/watch-run.ts";

export function useWatch(id: string): RunWatch {
  const watch = useMemo(() => createRunWatch(client, id), [id]);
  useEffect(() => {
    watch.follow();
    // Another window, or the command line, may have resumed a run that had ended here.
    const end = compute.store.subscribe(({ value }) => {
      const isComputed = value !== undefined && listRunning(value).some(({ runId }) => runId === id);
      if (isComputed && watch.store.getState().connection === "ended") watch.follow();
    });
    // The rail and the lists are to know at once that it has ended.
    const endOfRun = watch.store.subscribe(({ connection }, before) => {
      if (connection === "ended" && before.connection === "following") compute.refresh().then(refreshRuns);
    });
    return () => {
      end();
      endOfRun();
      watch.dispose();
    };
  }, [watch, id]);
  return watch;
}
